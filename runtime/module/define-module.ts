import type { Contract, Procedure } from "../contract/contract.ts";
import type { Reaction } from "../messaging/reaction.ts";
import type { Saga } from "../saga/saga.ts";
import type { Schema } from "../store/connection.ts";
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
  readonly schema: Schema;
  readonly migrations: readonly Migration[];
  readonly ports: readonly AnyPort[];
}

/**
 * A module's tables and the SQL that makes them. Who has migrations has a schema: at start the
 * database is compared with it, and every statement over it is prepared.
 */
type Tables =
  | { readonly schema?: never; readonly migrations: readonly [] }
  | {
      /** The Drizzle tables, as in `import * as schema from "./schema.ts"`. */
      readonly schema: Schema;
      /** Oldest first. Never edited after release: the runtime refuses a changed one. */
      readonly migrations: readonly Migration[];
    };

/**
 * Wires a module: its table of contents, and the one place where its parts meet.
 *
 * A missing handler, migrations without a schema, and a handler or saga that may call a procedure
 * outside of `uses`, do not compile. Differences of `uses` are refused at start as well.
 */
export function defineModule<C extends Contract, Used extends Procedure = never>(
  definition: Tables & {
    readonly contract: C;
    /**
     * The procedures of other modules that this one calls, as `declareUses` returns them. Calls
     * between modules have no cycle.
     */
    readonly uses?: readonly Used[];
    readonly handlers: HandlersOf<C, NoInfer<Used>>;
    readonly reactions?: readonly Reaction[];
    readonly sagas?: readonly Saga<never, NoInfer<Used>>[];
    readonly ports?: readonly AnyPort[];
  },
): Module {
  // Module forgets the types of inputs and of `uses`, by which the parts were checked against one
  // another here. What runs them gives each its own input.
  return Object.freeze({
    uses: [],
    reactions: [],
    sagas: [],
    ports: [],
    schema: {},
    ...definition,
  }) as unknown as Module;
}
