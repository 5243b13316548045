import type { Contract, InputOf, moduleName, OutputOf, Procedure } from "./contract.ts";

/**
 * The procedures in `Used`: those of each contract, and each procedure that stands for itself. They
 * are told apart by module and name.
 */
export type ProcedureIn<Used extends Contract | Procedure> = Used extends {
  readonly [moduleName]: infer Module extends string;
}
  ? Procedure<Module>
  : Used extends Procedure<infer Module, infer Name>
    ? Procedure<Module, Name>
    : never;

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
   * With zero or less there is no time: it rejects with DEADLINE, `executed: "no"`. With what is no
   * duration, such as NaN or Infinity, it rejects with a TypeError.
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
 * Calls one of the procedures in `Used`: inside a module, those that it declares in `uses`; for the
 * gateway and for tests, those of the contracts that they name.
 *
 * Rejects with a DomainError that the procedure declares, with a TransportError when no answer
 * came, or with a ContractError when input or output do not fit.
 */
export type Call<Used extends Contract | Procedure> = <P extends ProcedureIn<Used>>(
  procedure: P,
  input: InputOf<P>,
  options?: CallOptions,
) => Promise<OutputOf<P>>;
