import { kernelStatements, type Write } from "../store/connection.ts";
import { noteRemoved } from "./removed-events.ts";

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
  expired: sqlite.prepare<[Limits], { upTo: number | null }>(
    `WITH
       oldest AS (
         SELECT seq, event, occurred_at_ms FROM cleave_outbox ORDER BY seq LIMIT @batchMax),
       kept AS (
         SELECT min(seq) AS seq FROM oldest WHERE occurred_at_ms BETWEEN @before AND @now
         UNION ALL
         SELECT min(seq) FROM oldest JOIN cleave_reader ON position < seq
         WHERE occurred_at_ms >= @unreadBefore AND event IN (SELECT value FROM json_each(events)))
     SELECT coalesce((SELECT min(seq) FROM kept) - 1, (SELECT max(seq) FROM oldest)) AS upTo`,
  ),
  events: sqlite.prepare<[number]>("DELETE FROM cleave_outbox WHERE seq <= ?"),
  sagas: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_saga WHERE (name, id) IN (
       SELECT name, id FROM cleave_saga INDEXED BY cleave_saga_ended
       WHERE state IN ('completed', 'compensated') AND changed_at_ms < ? LIMIT ?)`,
  ),
}));

interface Limits {
  readonly before: number;
  readonly unreadBefore: number;
  readonly now: number;
  readonly batchMax: number;
}

/**
 * Removes a batch of what is past its time; tells whether there may be more. Events go in their
 * order, and no further than all known readers have taken them in, unless that takes longer than
 * thirty days. What goes is noted, so that a reader that comes back behind it is told.
 */
export function removeExpired(tx: Write, nowMs: number): boolean {
  const before = nowMs - RETENTION_MS;
  const { answers, sagas } = statements(tx);
  const removed = [
    answers.run(before, BATCH_MAX),
    removeEvents(tx, { before, nowMs }),
    sagas.run(before, BATCH_MAX),
  ];
  return removed.some(({ changes }) => changes === BATCH_MAX);
}

/**
 * Events with a time that has not come, as after a clock was set back, are no younger than those
 * after them.
 */
function removeEvents(
  tx: Write,
  { before, nowMs }: { readonly before: number; readonly nowMs: number },
): { readonly changes: number } {
  const unreadBefore = nowMs - UNREAD_MAX_MS;
  const { expired, events } = statements(tx);
  const { upTo } = expired.get({ before, unreadBefore, now: nowMs, batchMax: BATCH_MAX }) ?? {};
  if (upTo === null || upTo === undefined) return { changes: 0 };
  noteRemoved(tx, upTo);
  return events.run(upTo);
}
