import { fullName, type Procedure } from "../contract/contract.ts";
import { Defect, isDomainError, isTransportError, TransportError } from "../contract/errors.ts";
import { WriteError } from "../store/group-commit.ts";
import { isStorageFailure } from "../store/storage-failure.ts";
import { faultOfDelay } from "../transport/fault-of-delay.ts";

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
 * A transport error that a handler let through: it is a neighbour's, unless the module's own write
 * failed. A command may have had an effect elsewhere before, so whether it was executed is unknown.
 */
function relayed(error: TransportError, { kind }: Procedure): TransportError {
  const executed = kind === "query" ? error.executed : "unknown";
  const fault = error instanceof WriteError ? error.fault : "neither";
  if (error.executed === executed && error.fault === fault) return error;
  return new TransportError(error.code, executed, error.message, { cause: error, fault });
}

/**
 * The refusal of a commit whose call has no time left. The handler may have called others before,
 * so only the transaction is said to have changed nothing. `timeoutMs` is what the call was given.
 */
export function tooLateToCommit(what: string, timeoutMs: number | undefined): WriteError {
  const message = `${what} had no time left to commit; its transaction changed nothing.`;
  return new WriteError("no", message, { code: "DEADLINE", fault: faultOfDelay(timeoutMs) });
}

/** The refusal of a commit whose call was given up; see `tooLateToCommit`. */
export function givenUp(what: string): WriteError {
  const message = `${what} was given up before its commit; its transaction changed nothing.`;
  return new WriteError("no", message, { code: "CANCELLED", fault: "caller" });
}
