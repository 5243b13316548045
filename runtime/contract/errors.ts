/** Why a call did not return. */
export type TransportErrorCode =
  | "UNREACHABLE"
  | "DEADLINE"
  | "CANCELLED"
  | "BREAKER_OPEN"
  | "OVERLOADED";

/**
 * Whose fault it is that a call did not return: of the callee; of the caller, which gave it too
 * little time, gave it up or has no connection; or of neither, as when the callee relays the error
 * of a neighbour, a circuit is open, or the broker refuses the call. Only the first counts against
 * the callee. Who raises an error says it, and a transport carries it: no code implies it.
 */
export type TransportFault = "callee" | "caller" | "neither";

/** A refusal that the procedure's contract names. It is final: repeating the call won't help. */
export class DomainError extends Error {
  override readonly name = "DomainError";

  readonly code: string;
  readonly data: unknown;
  /** The full name of the procedure that refused, as in `inventory.holdStock`. */
  readonly procedure: string;

  constructor(code: string, data: unknown, procedure: string) {
    super(`${procedure} refused: ${code}`);
    this.code = code;
    this.data = data;
    this.procedure = procedure;
  }
}

/**
 * The call did not return. Look at `executed` before repeating a command:
 *
 * - `"no"`: the callee certainly did nothing; repeating is safe for any procedure.
 * - `"unknown"`: it may have run in full, in part, or not at all; repeat only a query, or a command
 *   with the same idempotency key.
 */
export class TransportError extends Error {
  override readonly name = "TransportError";

  readonly code: TransportErrorCode;
  readonly executed: "no" | "unknown";
  readonly fault: TransportFault;

  constructor(
    code: TransportErrorCode,
    executed: "no" | "unknown",
    message: string,
    options: { readonly fault: TransportFault; readonly cause?: unknown },
  ) {
    super(message, options);
    this.code = code;
    this.executed = executed;
    this.fault = options.fault;
  }
}

/** A value did not fit its contract, or a module broke a rule of the kernel: a bug, no refusal. */
export class ContractError extends Error {
  override readonly name = "ContractError";
}

/** The input of a call did not fit: `at` is where in it, as in `/lines/0/sku`. */
export class InputError extends ContractError {
  readonly at: string;
  /** What would fit, as in "Expected string". */
  readonly expected: string;

  constructor(message: string, { at, expected }: Misfit) {
    super(message);
    this.at = at;
    this.expected = expected;
  }
}

/** Where a value does not fit its schema, and why. */
export interface Misfit {
  readonly at: string;
  readonly expected: string;
}

/**
 * A module did what its definition does not declare: called a procedure outside of `uses`, opened a
 * port outside of `ports`, emitted another module's event. Only another program mends it, so it is
 * never tried again.
 */
export class DeclarationError extends ContractError {
  readonly isUndeclared = true;
}

/**
 * A module failed in a way that it did not declare. Its own log has the whole error; the caller
 * gets the message only, wherever the module runs.
 */
export class Defect extends Error {
  override readonly name = "Defect";
}

/**
 * Recognises by name, not by class: the error may have crossed a wire, or come from a second copy
 * of this package.
 */
export function isDomainError(error: unknown): error is DomainError {
  return error instanceof Error && error.name === "DomainError" && "code" in error;
}

/** Recognises by name, as `isDomainError` does. */
export function isContractError(error: unknown): error is ContractError {
  return error instanceof Error && error.name === "ContractError";
}

/** Recognises by name, as `isDomainError` does. */
export function isTransportError(error: unknown): error is TransportError {
  return error instanceof Error && error.name === "TransportError" && "executed" in error;
}

/** Recognises by name, as `isDomainError` does. */
export function isDeclarationError(error: unknown): error is DeclarationError {
  return error instanceof Error && error.name === "ContractError" && "isUndeclared" in error;
}
