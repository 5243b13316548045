import { kernelStatements, type Write } from "../store/connection.ts";

/** How long answers, events and ended sagas are kept, in milliseconds: seven days. */
const RETENTION_MS = 7 * 24 * 3_600_000;
/** How long an event is kept at most for a reader that has not taken it in: thirty days. */
const UNREAD_MAX_MS = 30 * 24 * 3_600_000;
/** Rows of each kind removed in one transaction, at most, so that no caller waits for long. */
const BATCH_MAX = 500;

const statements = kernelStatements((sqlite) => ({
  answers: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_answer WHERE (caller, key, procedure) IN (
       SELECT caller, key, procedure FROM cleave_answer WHERE answered_at_ms < ? LIMIT ?)`,
  ),
  events: sqlite.prepare<[{ before: number; unreadBefore: number; batchMax: number }]>(
    `WITH
       oldest AS (
         SELECT seq, event, occurred_at_ms FROM cleave_outbox ORDER BY seq LIMIT @batchMax),
       unread AS (
         SELECT min(seq) AS seq FROM oldest JOIN cleave_reader ON position < seq
         WHERE occurred_at_ms >= @unreadBefore AND event IN (SELECT value FROM json_each(events)))
     DELETE FROM cleave_outbox
     WHERE occurred_at_ms < @before AND seq IN (SELECT seq FROM oldest)
       AND seq < coalesce((SELECT seq FROM unread), 9223372036854775807)`,
  ),
  sagas: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_saga WHERE (name, id) IN (
       SELECT name, id FROM cleave_saga INDEXED BY cleave_saga_ended
       WHERE state IN ('completed', 'compensated') AND changed_at_ms < ? LIMIT ?)`,
  ),
}));

/**
 * Removes a batch of what is past its time; tells whether there may be more. Events go in their
 * order, and no further than all known readers have taken them in, unless that takes too long.
 */
export function removeExpired(tx: Write, nowMs: number): boolean {
  const before = nowMs - RETENTION_MS;
  const { answers, events, sagas } = statements(tx);
  const removed = [
    answers.run(before, BATCH_MAX),
    events.run({ before, unreadBefore: nowMs - UNREAD_MAX_MS, batchMax: BATCH_MAX }),
    sagas.run(before, BATCH_MAX),
  ];
  return removed.some(({ changes }) => changes === BATCH_MAX);
}
