import { kernelStatements, type Read, type Write } from "../store/connection.ts";

/** An event or job that was given up. */
export interface DeadLetter {
  readonly kind: "event" | "job";
  /** The producing module of an event; the module itself for a job. */
  readonly source: string;
  readonly name: string;
  /** The seq of an event, the key of a job. */
  readonly key: string;
  readonly payload: string;
  readonly error: string;
  readonly traceId: string;
}

export interface StoredDeadLetter extends DeadLetter {
  readonly id: number;
  readonly diedAtMs: number;
}

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare(
    `INSERT INTO cleave_dead_letter
       (kind, source, name, key, payload, error, trace_id, died_at_ms)
     VALUES (@kind, @source, @name, @key, @payload, @error, @traceId, @diedAtMs)`,
  ),
  all: sqlite.prepare<[number], StoredDeadLetter>(
    `SELECT id, kind, source, name, key, payload, error, trace_id AS traceId,
            died_at_ms AS diedAtMs
     FROM cleave_dead_letter ORDER BY id DESC LIMIT ?`,
  ),
  get: sqlite.prepare<[number], StoredDeadLetter>(
    `SELECT id, kind, source, name, key, payload, error, trace_id AS traceId,
            died_at_ms AS diedAtMs
     FROM cleave_dead_letter WHERE id = ?`,
  ),
  oldestJob: sqlite
    .prepare<[], number>(
      `SELECT died_at_ms FROM cleave_dead_letter INDEXED BY cleave_dead_letter_jobs
       WHERE kind = 'job' ORDER BY died_at_ms LIMIT 1`,
    )
    .pluck(),
  remove: sqlite.prepare<[number]>("DELETE FROM cleave_dead_letter WHERE id = ?"),
}));

/** When the oldest job among the dead letters was given up. */
export function oldestJobLetter(on: Read): number | undefined {
  return statements(on).oldestJob.get();
}

/** Puts something away for good, in the transaction that stops trying. */
export function bury(tx: Write, letter: DeadLetter, diedAtMs: number): void {
  statements(tx).insert.run({ ...letter, diedAtMs });
}

/** The newest dead letters, at most `limit`. */
export function deadLetters(on: Read, limit: number): StoredDeadLetter[] {
  return statements(on).all.all(limit);
}

/** One dead letter, or undefined. */
export function deadLetter(on: Read, id: number): StoredDeadLetter | undefined {
  return statements(on).get.get(id);
}

/** Removes a dead letter, because it was redriven or discarded. */
export function removeDeadLetter(tx: Write, id: number): void {
  statements(tx).remove.run(id);
}
