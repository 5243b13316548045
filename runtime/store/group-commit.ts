import type { Environment } from "../contract/environment.ts";
import { TransportError, type TransportFault } from "../contract/errors.ts";
import type { Connection, Sqlite } from "./connection.ts";
import { isStorageFailure } from "./storage-failure.ts";
import { TransactionGuard } from "./transaction-guard.ts";

/** Units in one COMMIT at most: beyond this the first caller waits longer for no gain. */
const GROUP_MAX = 128;
/** Units that may wait at most; past it a write is refused, certainly not executed. */
const QUEUE_MAX = 20_000;

/** Groups that run with savepoints after one in which a unit threw. */
const CAREFUL_GROUPS = 16;

/**
 * A write that the module itself did not do, or may not have done. The class tells it from a
 * TransportError that another module answered. It is the callee's fault, unless said otherwise.
 */
export class WriteError extends TransportError {
  constructor(
    executed: TransportError["executed"],
    message: string,
    about: {
      readonly code?: "OVERLOADED" | "DEADLINE" | "CANCELLED";
      readonly fault?: TransportFault;
      readonly cause?: unknown;
    },
  ) {
    const { code = "UNREACHABLE", fault = "callee", ...options } = about;
    super(code, executed, message, { ...options, fault });
  }
}

interface Unit {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

/**
 * The writer of one database: runs synchronous units one after another and commits them in
 * groups.
 */
export interface Writer {
  /**
   * Runs `work` in a transaction and resolves with its result after the COMMIT has reached the
   * disk.
   *
   * When `work` throws, its own changes are undone and the promise rejects with what it threw; its
   * neighbours in the group are not touched. A neighbour may end the whole group (disk full, ON
   * CONFLICT ROLLBACK) or have its COMMIT refused (a deferred foreign key); the others then run
   * again from the start, so `work` must change nothing but the database. A unit that ended the
   * group rejects with what ended it, also when `work` swallowed that and went on: its later
   * statements threw the same and did nothing. So no unit's change lasts in part.
   *
   * A WriteError says whether the change may have lasted: `executed: "no"` when it could not
   * begin, when the disk was full, failed or was kept by another, or when the group could not be
   * gone on with; `"unknown"` when COMMIT failed in a way that leaves that open. Whatever SQLite
   * refuses, every unit is answered and the next group is begun afresh.
   */
  run<T>(work: () => T): Promise<T>;
  /** Resolves when everything that was given to `run` has been answered. */
  idle(): Promise<void>;
  /** How many units wait. */
  readonly waiting: number;
}

/** Makes the writer of an open database. `name` is the module's, for messages and failpoints. */
export function groupCommit(name: string, on: Connection, environment: Environment): Writer {
  return new GroupCommit(name, on, environment);
}

class GroupCommit implements Writer {
  readonly #name: string;
  readonly #on: Connection;
  readonly #sqlite: Sqlite;
  readonly #environment: Environment;
  readonly #begin;
  readonly #commit;
  readonly #savepoint;
  readonly #release;
  readonly #undo;
  readonly #rollback;
  readonly #guard: TransactionGuard;
  #queue: Unit[] = [];
  #scheduled = false;
  /** Groups that are still to run with a savepoint for each unit. */
  #careful = 0;
  #idle: (() => void)[] = [];

  constructor(name: string, on: Connection, environment: Environment) {
    const { sqlite } = on;
    this.#name = name;
    this.#on = on;
    this.#sqlite = sqlite;
    this.#environment = environment;
    this.#begin = sqlite.prepare("BEGIN IMMEDIATE");
    this.#commit = sqlite.prepare("COMMIT");
    this.#savepoint = sqlite.prepare("SAVEPOINT unit");
    this.#release = sqlite.prepare("RELEASE unit");
    this.#undo = sqlite.prepare("ROLLBACK TO unit");
    this.#rollback = sqlite.prepare("ROLLBACK");
    this.#guard = TransactionGuard.of(sqlite);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  run<T>(work: () => T): Promise<T> {
    if (this.#queue.length >= QUEUE_MAX) return Promise.reject(this.#full());
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({
        work,
        // It is given the value of this work.
        resolve: resolve as (value: unknown) => void,
        reject,
        outcome: undefined,
      });
      this.#schedule();
    });
  }

  idle(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #full(): WriteError {
    const message = `${this.#name} has ${QUEUE_MAX} writes waiting. Try again later.`;
    return new WriteError("no", message, { code: "OVERLOADED" });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#environment.defer(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const group = this.#queue.length <= GROUP_MAX ? this.#queue : this.#queue.slice(0, GROUP_MAX);
    this.#queue = group === this.#queue ? [] : this.#queue.slice(GROUP_MAX);
    if (this.#queue.length > 0) this.#schedule();
    this.#commitTogether(group);
    for (const unit of group) answer(unit);
    if (this.#queue.length > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /**
   * Runs units and commits them at once. Most groups have no unit that fails, so they run without
   * savepoints first; when one throws, the group is rolled back and runs again with a savepoint
   * each, and so do the next groups, because failures come in crowds.
   */
  #commitTogether(units: readonly Unit[]): void {
    try {
      if (this.#careful > 0) this.#careful -= 1;
      else if (this.#commitUnguarded(units)) return;
      let rest = units;
      while (rest.length > 0 && this.#began(rest)) {
        const breaker = this.#firstToBreak(rest);
        if (breaker === undefined) return this.#commitOrSplit(rest);
        rest = rest.filter((one) => one !== breaker);
      }
    } catch (cause) {
      this.#giveUp(units, cause);
    }
  }

  /** Runs and commits units without savepoints; false when one of them threw, with all undone. */
  #commitUnguarded(units: readonly Unit[]): boolean {
    if (!this.#began(units)) return true;
    try {
      for (const unit of units) unit.outcome = { value: this.#guard.run(unit.work) };
    } catch {
      this.#careful = CAREFUL_GROUPS;
      this.#undoAll();
      return false;
    }
    this.#commitOrSplit(units);
    return true;
  }

  #began(units: readonly Unit[]): boolean {
    try {
      this.#undoAll();
      this.#begin.run();
      return true;
    } catch (cause) {
      const message = `${this.#name} could not begin to write; nothing was changed.`;
      failAll(units, new WriteError("no", message, { cause }));
      return false;
    }
  }

  #undoAll(): void {
    if (this.#sqlite.inTransaction) this.#rollback.run();
  }

  /** Answers units whose transaction cannot be gone on with; a next one begins by undoing it. */
  #giveUp(units: readonly Unit[], cause: unknown): void {
    const message = `${this.#name} could not go on with its writes; nothing of them was changed.`;
    failAll(units, new WriteError("no", message, { cause }));
    try {
      this.#undoAll();
    } catch {
      // Nothing but #began goes on from here, and that undoes it first.
    }
  }

  /** Runs the units; returns the one that ended the group's transaction, if any. */
  #firstToBreak(units: readonly Unit[]): Unit | undefined {
    return units.find((unit) => {
      this.#runUnit(unit);
      return !this.#sqlite.inTransaction;
    });
  }

  /**
   * Commits. A COMMIT that is refused, with the transaction still there, is one unit's fault:
   * whose?
   */
  #commitOrSplit(units: readonly Unit[]): void {
    try {
      this.#environment.reach(`commit.before:${this.#name}`);
      // Counted first: a commit may last although it reports an error.
      this.#on.commits += 1;
      this.#commit.run();
      this.#environment.reach(`commit.after:${this.#name}`);
    } catch (cause) {
      if (!this.#sqlite.inTransaction) {
        const message = `${this.#name} could not commit; whether the change lasted is unknown.`;
        failAll(units, new WriteError("unknown", message, { cause }));
        return;
      }
      this.#undoAll();
      if (units.length === 1) failAll(units, this.#explained(cause));
      else for (const unit of units) this.#commitTogether([unit]);
    }
  }

  #runUnit(unit: Unit): void {
    this.#savepoint.run();
    try {
      unit.outcome = { value: this.#guard.run(unit.work) };
      this.#release.run();
    } catch (error) {
      unit.outcome = { error: this.#explained(error) };
      if (!this.#sqlite.inTransaction) return;
      this.#undo.run();
      this.#release.run();
    }
  }

  /** What a unit is told: the disk's failures are not its own. */
  #explained(error: unknown): unknown {
    if (!isStorageFailure(error)) return error;
    const message = `${this.#name} could not write for want of its disk; nothing was changed.`;
    return new WriteError("no", message, { cause: error });
  }
}

/** Gives each unit this error, but for those that failed by their own. */
function failAll(units: readonly Unit[], error: unknown): void {
  for (const unit of units) {
    if (unit.outcome === undefined || "value" in unit.outcome) unit.outcome = { error };
  }
}

function answer({ outcome, resolve, reject }: Unit): void {
  if (outcome !== undefined && "value" in outcome) resolve(outcome.value);
  else reject(outcome?.error);
}
