import type { Sqlite } from "./connection.ts";

type Operation = (...given: never[]) => unknown;

/**
 * Keeps a unit of work within its transaction.
 *
 * Some errors end the whole transaction: a full disk, an I/O error, ON CONFLICT ROLLBACK. What
 * follows would then be committed statement by statement. So from the error that ended it until the
 * unit's end, every further statement throws that same error and does nothing, also when the unit
 * swallowed it. The guard acts only once a statement has failed; the others cost a call more.
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
    const { run, get, all, iterate } = statement;
    if (run === undefined) return statement;
    return Object.assign(statement, {
      run: this.#guarded(run.bind(statement)),
      get: this.#guarded(get.bind(statement)),
      all: this.#guarded(all.bind(statement)),
      iterate: this.#guarded(iterate.bind(statement)),
    });
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
