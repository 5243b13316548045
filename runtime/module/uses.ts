import type { Static, TObject } from "@sinclair/typebox";
import type { Procedure } from "../contract/contract.ts";
import { type OpenSaga, type SagaOptions, sagaUsing } from "../saga/saga.ts";
import { type Handler, handlerUsing, type Work } from "./handler.ts";

/** The procedures that a module calls, and what its handlers and sagas are made with. */
export interface DeclaredUses<Used extends Procedure> {
  /** For `uses` of `defineModule`. */
  readonly uses: readonly Used[];
  /** As `handler`, with a `call` that takes the declared procedures. */
  readonly handler: <P extends Procedure>(procedure: P, work: Work<P, Used>) => Handler<P, Used>;
  /** As `saga`, with a `call` that takes the declared procedures. */
  readonly saga: <Input extends TObject>(
    name: string,
    options: SagaOptions<Input>,
  ) => OpenSaga<Static<Input>, object, Used>;
}

/**
 * Declares, once for a module, the procedures of other modules that it calls. In a module of
 * several files it has a file of its own, `uses.ts`:
 *
 *     export const { uses, handler, saga } = declareUses([inventory.holdStock, payments.refund]);
 *
 * Its handlers and sagas are made with this `handler` and this `saga`, and `uses` goes into
 * `defineModule`. In them a call of any other procedure does not compile. The check of each call,
 * the subjects that NATS lets the module publish to, and the start order follow from the list.
 */
export function declareUses<Used extends Procedure>(
  procedures: readonly Used[],
): DeclaredUses<Used> {
  const uses = Object.freeze([...procedures]);
  const declared: DeclaredUses<Used> = {
    uses,
    handler: (procedure, work) => handlerUsing(uses, procedure, work),
    saga: (name, options) => sagaUsing(uses, name, options),
  };
  return Object.freeze(declared);
}

/** The names of the modules of these procedures, each once, in their order. */
export function modulesOf(uses: readonly Procedure[]): string[] {
  return [...new Set(uses.map((procedure) => procedure.module))];
}
