import { moduleName } from "../contract/contract.ts";
import type { Module } from "../module/define-module.ts";
import { manifestOf } from "../module/manifest.ts";
import type { Sqlite } from "../store/connection.ts";
import type { SimulatedDisk } from "./disk.ts";

/** What the kernel keeps in all databases, looked at from outside of all processes. */
export class Ledger {
  readonly #disk: SimulatedDisk;
  readonly #modules: readonly Module[];

  constructor(disk: SimulatedDisk, modules: readonly Module[]) {
    this.#disk = disk;
    this.#modules = modules;
  }

  /** What is still to be done at this time of day, a sentence each. */
  owed(nowMs: number): string[] {
    return [
      ...this.#unread(),
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' is ' || state AS what FROM cleave_saga
         WHERE state IN ('running', 'compensating')`,
      ),
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' still waits' AS what FROM cleave_saga
         WHERE state = 'waiting' AND due_at_ms <= ${nowMs}`,
      ),
      ...this.#each(
        `SELECT 'the job ' || command || ' of ' || key || ' is due' AS what FROM cleave_job
         WHERE due_at_ms <= ${nowMs}`,
      ),
    ];
  }

  /** What must never be, a sentence each. */
  wrong(): string[] {
    return [
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' is stuck' AS what FROM cleave_saga
         WHERE state = 'stuck'`,
      ),
      ...this.#each(
        `SELECT 'it gave up the ' || kind || ' ' || name || ': ' || error AS what
         FROM cleave_dead_letter`,
      ),
      ...this.#each(
        `SELECT 'its outbox has ' || count(*) || ' events up to ' || max(seq) AS what
         FROM cleave_outbox HAVING count(*) <> max(seq) - min(seq) + 1`,
      ),
      ...this.#ahead(),
    ];
  }

  /** Events that a reader has not taken in. */
  #unread(): string[] {
    return this.#readings().flatMap(({ reader, producer, position, last }) =>
      position >= last
        ? []
        : [`${reader} has taken in the events of ${producer} up to ${position}, not ${last}`],
    );
  }

  /** A reader cannot be further than its producer. */
  #ahead(): string[] {
    return this.#readings().flatMap(({ reader, producer, position, written }) =>
      position <= written
        ? []
        : [`${reader} has taken in ${position} events of ${producer}, which has ${written}`],
    );
  }

  #readings() {
    return manifestOf(this.#modules).flatMap(({ name: reader, reads }) =>
      reads.flatMap(({ producer, events }) => {
        const [to, from] = [this.#disk.databaseOf(reader), this.#disk.databaseOf(producer)];
        if (to === undefined || from === undefined) return [];
        const position = numberIn(to, "SELECT position FROM cleave_inbox WHERE producer = ?", [
          producer,
        ]);
        const marks = events.map(() => "?").join(", ");
        const last = `SELECT max(seq) FROM cleave_outbox WHERE event IN (${marks})`;
        const written = numberIn(from, "SELECT max(seq) FROM cleave_outbox", []);
        return [{ reader, producer, position, last: numberIn(from, last, events), written }];
      }),
    );
  }

  /** The first column of what is found in the database of a module. */
  rows(module: string, sql: string): string[] {
    return this.#disk.databaseOf(module)?.prepare<[], string>(sql).pluck().all() ?? [];
  }

  #each(sql: string): string[] {
    return this.#modules.flatMap((module) => {
      const name = module.contract[moduleName];
      return this.rows(name, sql).map((what) => `${name}: ${what}`);
    });
  }
}

function numberIn(database: Sqlite, sql: string, parameters: readonly string[]): number {
  const found = database
    .prepare<unknown[], number | null>(sql)
    .pluck()
    .get(...parameters);
  return found ?? 0;
}
