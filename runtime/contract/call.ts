import type { Contract, InputOf, moduleName, OutputOf, Procedure } from "./contract.ts";

/** The procedures of the contracts in `Uses`. */
export type ProcedureIn<Uses extends Contract> = Procedure<Uses[typeof moduleName]>;

export interface CallOptions {
  /**
   * Makes a command repeatable without a second effect: its answer is stored under (caller, key)
   * with the effect, and given again to the same key with the same input, for seven days and for
   * as long as the caller has a saga under way that was begun before. In a saga's step it is a
   * name for the call, unique within the step.
   */
  readonly key?: string;
  /**
   * The time the call may take, in milliseconds; never more than what the caller itself has left.
   */
  readonly deadlineMs?: number;
  /**
   * Gives the call up when it aborts: it rejects at once with a TransportError CANCELLED, and is
   * not repeated. For the callee its time is over then: what has not begun does not begin, and no
   * answer is committed any more.
   */
  readonly signal?: AbortSignal;
}

/**
 * Calls a procedure of a module that is declared in `uses`.
 *
 * Rejects with a DomainError that the procedure declares, with a TransportError when no answer
 * came, or with a ContractError when input or output do not fit.
 */
export type Call<Uses extends Contract> = <P extends ProcedureIn<Uses>>(
  procedure: P,
  input: InputOf<P>,
  options?: CallOptions,
) => Promise<OutputOf<P>>;
