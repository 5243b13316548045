import { fullName, type Procedure } from "../contract/contract.ts";
import { Defect, isDomainError, isTransportError, TransportError } from "../contract/errors.ts";
import { WriteError } from "../store/group-commit.ts";
import { isStorageFailure } from "../store/storage-failure.ts";

/**
 * What the caller is told of an error that belongs to the answers of a procedure: its own declared
 * one as it is, and one of the transport; undefined for any other.
 */
export function foreseen(error: unknown, procedure: Procedure): Error | undefined {
  if (isDomainError(error) && error.procedure === fullName(procedure)) return error;
  return isTransportError(error) ? relayed(error, procedure) : undefined;
}

/** What the caller is told of any other error: of a failing disk what may be tried again. */
export function unforeseen(error: unknown, procedure: Procedure): Error {
  const name = fullName(procedure);
  if (isStorageFailure(error)) {
    const message = `${name} could not go on for want of the disk of ${procedure.module}.`;
    return new TransportError("UNREACHABLE", "unknown", message, { cause: error, fault: "callee" });
  }
  if (isDomainError(error)) {
    return new Defect(
      `${name} let ${error.code} of ${error.procedure} escape. Handle it, or declare an error.`,
    );
  }
  return failureOf(procedure, error);
}

/** A defect of a procedure, with the message of what it threw. */
export function failureOf(procedure: Procedure, error: unknown): Defect {
  const message = error instanceof Error ? error.message : "unknown";
  return new Defect(`${fullName(procedure)} failed: ${message}`);
}

/**
 * A transport error that a handler let through: it is a neighbour's, unless the module's own writer
 * threw it. A command may have had an effect elsewhere before, so whether it was executed is
 * unknown.
 */
function relayed(error: TransportError, { kind }: Procedure): TransportError {
  const executed = kind === "query" ? error.executed : "unknown";
  const fault = error instanceof WriteError ? "callee" : "neither";
  if (error.executed === executed && error.fault === fault) return error;
  return new TransportError(error.code, executed, error.message, { cause: error, fault });
}
