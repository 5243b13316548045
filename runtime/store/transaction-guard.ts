import { ContractError } from "../contract/errors.ts";
import type { Sqlite } from "./connection.ts";

type Prepared = ReturnType<Sqlite["prepare"]>;
type Operation = (this: Prepared, ...given: unknown[]) => unknown;
/** What runs a statement, by the driver's names. */
type Operations = Readonly<Record<"run" | "get" | "all" | "iterate", Operation>>;
interface Guarded {
  readonly reading: Operations;
  readonly writing: Operations;
}

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
  /** By what the driver runs a statement with, which most statements share. */
  readonly #guarded = new Map<Operation, Guarded>();
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
    // A guarded statement has all that it had; the overloads differ in the types of results.
    sqlite.prepare = ((statement: string) =>
      this.#guardStatement(prepare(statement))) as Sqlite["prepare"];
    const exec = sqlite.exec.bind(sqlite);
    sqlite.exec = (sql) => {
      if (this.#endedBy !== undefined) throw this.#endedBy.error;
      try {
        return exec(sql);
      } catch (error) {
        throw this.#noted(error);
      }
    };
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

  #guardStatement(statement: Prepared): Prepared {
    // The driver types these by the parameters of one statement.
    const operations = statement as unknown as Operations;
    if (operations.run === undefined) return statement;
    const guarded = this.#guarded.get(operations.run) ?? this.#guardAll(operations);
    const isGroups = statement.readonly || statement.source.startsWith("BEGIN");
    return Object.assign(statement, isGroups ? guarded.reading : guarded.writing);
  }

  #guardAll({ run, get, all, iterate }: Operations): Guarded {
    const each = (guard: (operation: Operation) => Operation): Operations => ({
      run: guard(run),
      get: guard(get),
      all: guard(all),
      iterate: guard(iterate),
    });
    const reading = each((operation) => this.#guard(operation));
    const made = { reading, writing: each((operation) => this.#guardWrite(operation)) };
    this.#guarded.set(run, made);
    return made;
  }

  /** Runs what writes within a unit alone. */
  #guardWrite(operation: Operation): Operation {
    const guard = this;
    const guarded = this.#guard(operation);
    return function write(...given) {
      if (guard.#watching) return guarded.apply(this, given);
      throw new ContractError(
        `"${this.source}" was run when its transaction had ended, and wrote nothing. What a ` +
          "transaction gives is good until its function returns: do it within.",
      );
    };
  }

  #guard(operation: Operation): Operation {
    const guard = this;
    return function guarded(...given) {
      if (guard.#endedBy !== undefined) throw guard.#endedBy.error;
      try {
        return operation.apply(this, given);
      } catch (error) {
        throw guard.#noted(error);
      }
    };
  }

  #noted(error: unknown): unknown {
    if (this.#watching && !this.#sqlite.inTransaction) this.#endedBy = { error };
    return error;
  }
}
