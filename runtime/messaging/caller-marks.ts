import { kernelStatements, type Read, type Write } from "../store/connection.ts";

/**
 * How long after it was told last a caller's mark is passed on with this module's own calls, in
 * milliseconds: ninety days. A caller that is gone for good must not hold answers for ever.
 */
const PASSED_ON_MS = 90 * 24 * 3_600_000;

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare<[string, number, number]>(
    "INSERT INTO cleave_caller VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
  ),
  put: sqlite.prepare<[string, number, number]>(
    `INSERT INTO cleave_caller VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET
       repeats_since_ms = excluded.repeats_since_ms, told_at_ms = excluded.told_at_ms`,
  ),
  names: sqlite.prepare<[], string>("SELECT name FROM cleave_caller").pluck(),
  oldest: sqlite
    .prepare<[number], number | null>(
      "SELECT min(repeats_since_ms) FROM cleave_caller WHERE told_at_ms > ?",
    )
    .pluck(),
}));

/**
 * The low-water marks of a module's callers: the time since when each may still repeat its keyed
 * commands. Answers to a caller are kept at least from its mark on.
 *
 * A mark comes with each keyed command and is written with the first answer to that caller, later
 * from time to time: a crash leaves an older mark, which keeps more.
 */
export class CallerMarks {
  readonly #read: Read;
  /** The lowest mark of each caller since marks were written last. */
  #heard = new Map<string, number>();
  /** Callers that have a row, for certain. */
  readonly #stored: Set<string>;

  constructor(read: Read) {
    this.#read = read;
    this.#stored = new Set(statements(read).names.all());
  }

  /** Notes the mark that came with a command. */
  hear(caller: string, sinceMs: number): void {
    const known = this.#heard.get(caller);
    if (known === undefined || sinceMs < known) this.#heard.set(caller, sinceMs);
  }

  /** Writes the mark with the answer to a command, unless the caller has one. */
  store(
    tx: Write,
    caller: string,
    { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
  ): void {
    if (!this.#stored.has(caller)) statements(tx).insert.run(caller, sinceMs, nowMs);
  }

  /** Takes what is to be written. When that fails, each of it is to be heard again. */
  take(): ReadonlyMap<string, number> {
    const heard = this.#heard;
    this.#heard = new Map();
    return heard;
  }

  /** Notes that these were written and committed. */
  committed(marks: ReadonlyMap<string, number>): void {
    for (const caller of marks.keys()) this.#stored.add(caller);
  }

  /** The lowest mark of the callers; Infinity when there is none. */
  oldest(nowMs: number): number {
    const stored = statements(this.#read).oldest.get(nowMs - PASSED_ON_MS) ?? Infinity;
    return Math.min(stored, ...this.#heard.values());
  }
}

/** Writes marks in the open transaction. */
export function writeMarks(tx: Write, marks: ReadonlyMap<string, number>, nowMs: number): void {
  for (const [caller, sinceMs] of marks) statements(tx).put.run(caller, sinceMs, nowMs);
}
