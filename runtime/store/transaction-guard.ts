import { ContractError } from "../contract/errors.ts";
import type { Sqlite } from "./connection.ts";

type Operation = (...given: never[]) => unknown;

/**
 * Keeps a unit of work within its transaction.
 *
 * Some errors end the whole transaction: a full disk, an I/O error, ON CONFLICT ROLLBACK. What
 * follows would then be committed statement by statement. So from the error that ended it until the
 * unit's end, every further statement throws that same error and does nothing, also when the unit
 * swallowed it. What writes outside of a unit, with a transaction that was kept beyond its end,
 * would be committed alone or with a stranger's unit, and is refused.
 */
export class TransactionGuard {
  static readonly #known = new WeakMap<Sqlite, TransactionGuard>();
  readonly #sqlite: Sqlite;
  #watching = false;
  #endedBy: { readonly error: unknown } | undefined;

  /** The guard of what is prepared on this database from its first call on. */
  static of(sqlite: Sqlite): TransactionGuard {
    const guard = TransactionGuard.#known.get(sqlite) ?? new TransactionGuard(sqlite);
    TransactionGuard.#known.set(sqlite, guard);
    return guard;
  }

  private constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
    const prepare = sqlite.prepare.bind(sqlite);
    sqlite.prepare = ((statement: string) =>
      this.#guardStatement(prepare(statement))) as Sqlite["prepare"];
    sqlite.exec = this.#guarded(sqlite.exec.bind(sqlite));
  }

  /** Runs a unit in the open transaction; throws what ended that, whatever the unit made of it. */
  run<T>(work: () => T): T {
    this.#watching = true;
    try {
      const value = work();
      if (this.#sqlite.inTransaction) return value;
      throw this.#endedBy?.error ?? new Error("A unit ended the group's transaction.");
    } catch (error) {
      throw this.#endedBy === undefined ? error : this.#endedBy.error;
    } finally {
      this.#watching = false;
      this.#endedBy = undefined;
    }
  }

  #guardStatement<Prepared extends ReturnType<Sqlite["prepare"]>>(statement: Prepared): Prepared {
    const { run, get, all, iterate, readonly, source } = statement;
    if (run === undefined) return statement;
    const isGroups = readonly || source.startsWith("BEGIN");
    const guarded = <Guarded extends Operation>(operation: Guarded) =>
      isGroups ? this.#guarded(operation) : this.#kept(this.#guarded(operation), source);
    return Object.assign(statement, {
      run: guarded(run.bind(statement)),
      get: guarded(get.bind(statement)),
      all: guarded(all.bind(statement)),
      iterate: guarded(iterate.bind(statement)),
    });
  }

  /** Runs what writes within a unit alone. */
  #kept<Kept extends Operation>(operation: Kept, sql: string): Kept {
    const kept = (...given: never[]) => {
      if (this.#watching) return operation(...given);
      throw new ContractError(
        `"${sql}" was run when its transaction had ended, and wrote nothing. What a transaction ` +
          "gives is good until its function returns: do it within.",
      );
    };
    return kept as Kept;
  }

  #guarded<Guarded extends Operation>(operation: Guarded): Guarded {
    const guarded = (...given: never[]) => {
      if (this.#endedBy !== undefined) throw this.#endedBy.error;
      try {
        return operation(...given);
      } catch (error) {
        if (this.#watching && !this.#sqlite.inTransaction) this.#endedBy = { error };
        throw error;
      }
    };
    return guarded as Guarded;
  }
}
