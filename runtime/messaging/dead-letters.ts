import { kernelStatements, type Read, type Write } from "../store/connection.ts";

/** An event or job that was given up, or an event that was set aside to be tried again. */
export interface DeadLetter {
  readonly kind: "event" | "job";
  /** The producing module of an event; the module itself for a job. */
  readonly source: string;
  readonly name: string;
  /** The seq of an event, the key of a job. */
  readonly key: string;
  /** The value of the event's key: later events with it wait. Null when nothing waits. */
  readonly messageKey: string | null;
  readonly payload: string;
  readonly error: string;
  readonly traceId: string;
  /** How often it was tried; 0 for an event that waits behind an earlier one. */
  readonly attempts: number;
  /** When it is tried again by itself; null for never. */
  readonly nextAttemptAtMs: number | null;
}

export interface StoredDeadLetter extends DeadLetter {
  readonly id: number;
  /** When it was put away; once it has waited behind another, when that one was gone. */
  readonly diedAtMs: number;
}

/** How many dead letters there are, and since when. */
export interface DeadLetterCount {
  readonly count: number;
  readonly oldestAtMs: number | null;
}

const columns = `id, kind, source, name, key, message_key AS messageKey, payload, error,
  trace_id AS traceId, attempts, next_attempt_at_ms AS nextAttemptAtMs, died_at_ms AS diedAtMs`;
const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare(
    `INSERT INTO cleave_dead_letter
       (kind, source, name, key, message_key, payload, error, trace_id, attempts,
        next_attempt_at_ms, died_at_ms)
     VALUES (@kind, @source, @name, @key, @messageKey, @payload, @error, @traceId, @attempts,
             @nextAttemptAtMs, @diedAtMs)`,
  ),
  page: sqlite.prepare<
    [{ after: number; source: string | null; messageKey: string | null; limit: number }],
    StoredDeadLetter
  >(
    `SELECT ${columns} FROM cleave_dead_letter
     WHERE id > @after AND (@source IS NULL OR source = @source)
       AND (@messageKey IS NULL OR message_key = @messageKey)
     ORDER BY id LIMIT @limit`,
  ),
  get: sqlite.prepare<[number], StoredDeadLetter>(
    `SELECT ${columns} FROM cleave_dead_letter WHERE id = ?`,
  ),
  count: sqlite.prepare<[], DeadLetterCount>(
    "SELECT count(*) AS count, min(died_at_ms) AS oldestAtMs FROM cleave_dead_letter",
  ),
  oldestJob: sqlite
    .prepare<[], number>(
      `SELECT died_at_ms FROM cleave_dead_letter INDEXED BY cleave_dead_letter_jobs
       WHERE kind = 'job' ORDER BY died_at_ms LIMIT 1`,
    )
    .pluck(),
  remove: sqlite.prepare<[number]>("DELETE FROM cleave_dead_letter WHERE id = ?"),
  failed: sqlite.prepare<[string, number | null, number]>(
    `UPDATE cleave_dead_letter SET attempts = attempts + 1, error = ?, next_attempt_at_ms = ?
     WHERE id = ?`,
  ),
  postpone: sqlite.prepare<[number | null, number]>(
    "UPDATE cleave_dead_letter SET next_attempt_at_ms = ? WHERE id = ?",
  ),
  free: sqlite.prepare<[{ id: number; nowMs: number }]>(
    `UPDATE cleave_dead_letter SET
       next_attempt_at_ms = @nowMs,
       died_at_ms = CASE attempts WHEN 0 THEN @nowMs ELSE died_at_ms END
     WHERE id = @id`,
  ),
  firstOfKey: sqlite.prepare<[string, string], { id: number }>(
    `SELECT id FROM cleave_dead_letter WHERE source = ? AND message_key = ? ORDER BY id LIMIT 1`,
  ),
  keyed: sqlite.prepare<[string], { id: number }>(
    `SELECT id FROM cleave_dead_letter
     WHERE source = ? AND message_key IS NOT NULL LIMIT 1`,
  ),
  hasten: sqlite.prepare<[{ atMs: number; source: string | null }]>(
    `UPDATE cleave_dead_letter SET next_attempt_at_ms = @atMs
     WHERE next_attempt_at_ms > @atMs AND (@source IS NULL OR source = @source)`,
  ),
  due: sqlite.prepare<[number, number], { id: number }>(
    "SELECT id FROM cleave_dead_letter WHERE next_attempt_at_ms <= ? ORDER BY id LIMIT ?",
  ),
  nextDue: sqlite.prepare<[], { dueAtMs: number | null }>(
    `SELECT min(next_attempt_at_ms) AS dueAtMs FROM cleave_dead_letter
     WHERE next_attempt_at_ms IS NOT NULL`,
  ),
}));

/** When the oldest job among the dead letters was given up. */
export function oldestJobLetter(on: Read): number | undefined {
  return statements(on).oldestJob.get();
}

/** Puts something away, in the transaction that passes over it. */
export function bury(tx: Write, letter: DeadLetter, diedAtMs: number): void {
  statements(tx).insert.run({ ...letter, diedAtMs });
}

/** Which dead letters are asked for. */
export interface DeadLetterFilter {
  /** The id after which to begin; 0 for the oldest. */
  readonly after: number;
  /** The producer, and the value of the events' key; null for any. */
  readonly source: string | null;
  readonly messageKey: string | null;
}

/** Dead letters in the order in which they were put away, oldest first, at most `limit`. */
export function deadLetters(
  on: Read,
  limit: number,
  filter: DeadLetterFilter = { after: 0, source: null, messageKey: null },
): StoredDeadLetter[] {
  return statements(on).page.all({ ...filter, limit });
}

/** One dead letter, or undefined. */
export function deadLetter(on: Read, id: number): StoredDeadLetter | undefined {
  return statements(on).get.get(id);
}

/** How many dead letters there are. */
export function countDeadLetters(on: Read): DeadLetterCount {
  return statements(on).count.get() ?? { count: 0, oldestAtMs: null };
}

/**
 * Removes a dead letter, redriven or discarded. The next of its key is due now, and is tried for as
 * long as if it had been put away now.
 */
export function removeDeadLetter(tx: Write, letter: StoredDeadLetter, nowMs: number): void {
  const { remove, free } = statements(tx);
  remove.run(letter.id);
  const next = firstOfKey(tx, letter);
  if (next !== undefined && next > letter.id) free.run({ id: next, nowMs });
}

/** Notes one more failed attempt. */
export function noteFailedAttempt(
  tx: Write,
  id: number,
  failed: { readonly error: string; readonly nextAttemptAtMs: number | null },
): void {
  statements(tx).failed.run(failed.error, failed.nextAttemptAtMs, id);
}

/** The id of the dead letter that this one must wait for, if any. */
export function blockerOf(on: Read, letter: StoredDeadLetter): number | undefined {
  const first = firstOfKey(on, letter);
  return first !== undefined && first < letter.id ? first : undefined;
}

/** Has a dead letter no more tried by itself: the one before it does that. */
export function leaveWaiting(tx: Write, id: number): void {
  statements(tx).postpone.run(null, id);
}

/** True when an event about this key must wait behind a dead letter. */
export function isKeyBlocked(on: Read, source: string, messageKey: string): boolean {
  return statements(on).firstOfKey.get(source, messageKey) !== undefined;
}

/** True when there are dead letters that others wait for. */
export function hasKeyedLetters(on: Read, source: string): boolean {
  return statements(on).keyed.get(source) !== undefined;
}

/** Makes due now what is tried again later by itself: of one producer, or of all. */
export function hastenLetters(tx: Write, source: string | null, nowMs: number): void {
  statements(tx).hasten.run({ atMs: nowMs, source });
}

/** The ids of the dead letters that are due, oldest first. */
export function dueLetters(on: Read, nowMs: number, limit: number): number[] {
  return statements(on)
    .due.all(nowMs, limit)
    .map(({ id }) => id);
}

/** When the next dead letter is due, if any. */
export function nextLetterAtMs(on: Read): number | undefined {
  return statements(on).nextDue.get()?.dueAtMs ?? undefined;
}

function firstOfKey(
  on: Read,
  { source, messageKey }: { readonly source: string; readonly messageKey: string | null },
): number | undefined {
  if (messageKey === null) return undefined;
  return statements(on).firstOfKey.get(source, messageKey)?.id;
}
