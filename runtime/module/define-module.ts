import type { Contract, Procedure } from "../contract/contract.ts";
import type { Reaction } from "../messaging/reaction.ts";
import type { Saga } from "../saga/saga.ts";
import type { Migration } from "../store/migrate.ts";
import type { Handler } from "./handler.ts";
import type { AnyPort } from "./port.ts";

type HandlersOf<C extends Contract, Used extends Procedure> = {
  readonly [K in keyof C as C[K] extends Procedure ? K : never]: C[K] extends Procedure
    ? Handler<C[K], Used>
    : never;
};

/** A module as the runtime sees it. */
export interface Module {
  readonly contract: Contract;
  readonly uses: readonly Procedure[];
  readonly handlers: { readonly [procedure: string]: Handler };
  readonly reactions: readonly Reaction[];
  readonly sagas: readonly Saga[];
  readonly migrations: readonly Migration[];
  readonly ports: readonly AnyPort[];
}

/**
 * Wires a module: its table of contents, and the one place where its parts meet.
 *
 * A missing handler, and a handler or saga that may call a procedure outside of `uses`, do not
 * compile, and are refused at start.
 */
export function defineModule<C extends Contract, Used extends Procedure = never>(definition: {
  readonly contract: C;
  /**
   * The procedures of other modules that this one calls, as `declareUses` returns them. Calls
   * between modules have no cycle.
   */
  readonly uses?: readonly Used[];
  readonly handlers: HandlersOf<C, NoInfer<Used>>;
  readonly reactions?: readonly Reaction[];
  readonly sagas?: readonly Saga<never, NoInfer<Used>>[];
  /** Oldest first. Never edited after release: the runtime refuses a changed one. */
  readonly migrations: readonly Migration[];
  readonly ports?: readonly AnyPort[];
}): Module {
  return Object.freeze({
    uses: [],
    reactions: [],
    sagas: [],
    ports: [],
    ...definition,
  }) as unknown as Module;
}
