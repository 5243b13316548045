import type { Manifest } from "../transport/manifest.ts";
import type { SimulatedDisk } from "./disk.ts";

/** What the kernel keeps in all databases, looked at from outside of all processes. */
export class Ledger {
  readonly #disk: SimulatedDisk;
  readonly #names: readonly string[];
  readonly #manifest: Manifest;

  constructor(disk: SimulatedDisk, manifest: Manifest) {
    this.#disk = disk;
    this.#names = manifest.map(({ name }) => name);
    this.#manifest = manifest;
  }

  /** What is still to be done at this time of day, a sentence each. */
  owed(nowMs: number): string[] {
    return [
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' is ' || state FROM cleave_saga
         WHERE state IN ('running', 'compensating') AND 0 < ?`,
        nowMs,
      ),
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' still waits' FROM cleave_saga
         WHERE state = 'waiting' AND due_at_ms <= ?`,
        nowMs,
      ),
      ...this.#each(
        `SELECT 'the job ' || command || ' of ' || key || ' is due' FROM cleave_job
         WHERE due_at_ms <= ?`,
        nowMs,
      ),
      ...this.#each(
        `SELECT 'the event ' || name || ' ' || key || ' of its dead letters is tried again'
         FROM cleave_dead_letter WHERE next_attempt_at_ms IS NOT NULL AND 0 < ?`,
        nowMs,
      ),
      ...this.#readings()
        .filter(({ position, last }) => position < last)
        .map(
          ({ reader, producer, position, last }) =>
            `${reader} has taken in the events of ${producer} up to ${position}, not ${last}`,
        ),
    ];
  }

  /** What must never be, a sentence each. */
  wrong(): string[] {
    return [
      ...this.#each(
        `SELECT 'the saga ' || name || ' of ' || id || ' is stuck' FROM cleave_saga
         WHERE state = 'stuck'`,
      ),
      ...this.#each(
        "SELECT 'it gave up the ' || kind || ' ' || name || ': ' || error FROM cleave_dead_letter",
      ),
      ...this.#each(
        `SELECT 'its outbox has ' || count(*) || ' events up to ' || max(seq) FROM cleave_outbox
         HAVING count(*) <> max(seq) - min(seq) + 1`,
      ),
      ...this.#readings()
        .filter(({ position, written }) => position > written)
        .map(
          ({ reader, producer, position, written }) =>
            `${reader} has taken in ${position} events of ${producer}, which has ${written}`,
        ),
    ];
  }

  #readings() {
    return this.#manifest.flatMap(({ name: reader, reads }) =>
      reads.map(({ producer, events }) => {
        const position = this.#number(
          reader,
          "SELECT position FROM cleave_inbox WHERE producer = ?",
          [producer],
        );
        const marks = events.map(() => "?").join(", ");
        const last = `SELECT max(seq) FROM cleave_outbox WHERE event IN (${marks})`;
        const written = this.#number(producer, "SELECT max(seq) FROM cleave_outbox", []);
        return { reader, producer, position, last: this.#number(producer, last, events), written };
      }),
    );
  }

  /** The first column of what is found in the database of a module. Throws when there is none. */
  rows(module: string, sql: string): string[] {
    if (!this.#names.includes(module)) {
      const known = this.#names.join(", ");
      throw new Error(`There is no module "${module}" to look into. Known are ${known}.`);
    }
    return this.#disk.look<string>(module, sql, []);
  }

  #each(sql: string, ...parameters: readonly number[]): string[] {
    return this.#names.flatMap((name) =>
      this.#disk.look<string>(name, sql, parameters).map((what) => `${name}: ${what}`),
    );
  }

  #number(module: string, sql: string, parameters: readonly string[]): number {
    return this.#disk.look<number | null>(module, sql, parameters)[0] ?? 0;
  }
}
