import { kernelStatements, type Write } from "../store/connection.ts";
import { noteRemoved } from "./removed-events.ts";

const DAY_MS = 24 * 3_600_000;
/** How long answers, events and ended sagas are kept at least, in milliseconds: seven days. */
const RETENTION_MS = 7 * DAY_MS;
/** How far a caller's clock may be ahead of ours, in milliseconds, so that its mark still holds. */
const CLOCK_SKEW_MAX_MS = DAY_MS;
/** How long the id of an ended saga cannot be started again, in milliseconds: a year. */
const PAST_SAGA_MS = 365 * DAY_MS;
/** How long an event is kept at most for a reader that has not taken it in: thirty days. */
const UNREAD_MAX_MS = 30 * 24 * 3_600_000;
/** Rows of each kind removed in one transaction, at most, so that no caller waits for long. */
const BATCH_MAX = 500;

const statements = kernelStatements((sqlite) => ({
  callers: sqlite.prepare<[], { caller: string; sinceMs: number | null }>(
    `WITH RECURSIVE callers (caller) AS (
       SELECT min(caller) FROM cleave_answer
       UNION ALL
       SELECT (SELECT min(caller) FROM cleave_answer WHERE caller > callers.caller) FROM callers
       WHERE caller IS NOT NULL)
     SELECT caller, repeats_since_ms AS sinceMs
     FROM callers LEFT JOIN cleave_caller ON name = caller WHERE caller IS NOT NULL`,
  ),
  answers: sqlite.prepare<[string, number, number]>(
    `DELETE FROM cleave_answer WHERE (caller, key, procedure) IN (
       SELECT caller, key, procedure FROM cleave_answer INDEXED BY cleave_answer_age
       WHERE caller = ? AND answered_at_ms < ? LIMIT ?)`,
  ),
  expired: sqlite.prepare<[Limits], { upTo: number | null }>(
    `WITH
       oldest AS (
         SELECT seq, event, occurred_at_ms FROM cleave_outbox ORDER BY seq LIMIT @batchMax),
       come AS (
         SELECT seq, occurred_at_ms FROM cleave_outbox WHERE occurred_at_ms <= @now
         ORDER BY seq LIMIT 1),
       past AS (
         SELECT max(seq) AS seq FROM oldest WHERE occurred_at_ms < @before
         UNION ALL
         SELECT max(oldest.seq) FROM oldest, come
         WHERE come.occurred_at_ms < @before AND come.seq > (SELECT max(seq) FROM oldest)),
       kept AS (
         SELECT min(seq) AS seq FROM oldest WHERE occurred_at_ms BETWEEN @before AND @now
         UNION ALL
         SELECT min(seq) FROM oldest JOIN cleave_reader ON position < seq
         WHERE occurred_at_ms >= @unreadBefore AND event IN (SELECT value FROM json_each(events)))
     SELECT min(seq, coalesce((SELECT min(seq) FROM kept) - 1, seq)) AS upTo
     FROM (SELECT max(seq) AS seq FROM past)`,
  ),
  past: sqlite.prepare<[number, number]>(
    `INSERT INTO cleave_past_saga
       SELECT name, id, changed_at_ms FROM cleave_saga INDEXED BY cleave_saga_ended
       WHERE state IN ('completed', 'compensated') AND changed_at_ms < ?
       ORDER BY changed_at_ms LIMIT ?
     ON CONFLICT DO NOTHING`,
  ),
  events: sqlite.prepare<[number]>("DELETE FROM cleave_outbox WHERE seq <= ?"),
  sagas: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_saga WHERE (name, id) IN (
       SELECT name, id FROM cleave_saga INDEXED BY cleave_saga_ended
       WHERE state IN ('completed', 'compensated') AND changed_at_ms < ?
       ORDER BY changed_at_ms LIMIT ?)`,
  ),
  forgotten: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_past_saga WHERE (name, id) IN (
       SELECT name, id FROM cleave_past_saga INDEXED BY cleave_past_saga_age
       WHERE ended_at_ms < ? LIMIT ?)`,
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
 * thirty days. What goes is noted, so that a reader that comes back behind it is told. Answers to a
 * caller stay while it may repeat its commands; of an ended saga its id stays.
 */
export function removeExpired(tx: Write, nowMs: number): boolean {
  const before = nowMs - RETENTION_MS;
  const { past, sagas, forgotten } = statements(tx);
  past.run(before, BATCH_MAX);
  const removed = [
    ...removeAnswers(tx, before),
    removeEvents(tx, { before, nowMs }),
    sagas.run(before, BATCH_MAX),
    forgotten.run(nowMs - PAST_SAGA_MS, BATCH_MAX),
  ];
  return removed.some(({ changes }) => changes === BATCH_MAX);
}

function removeAnswers(tx: Write, beforeMs: number): { readonly changes: number }[] {
  const { callers, answers } = statements(tx);
  return callers.all().map(({ caller, sinceMs }) => {
    const untilMs = Math.min(beforeMs, (sinceMs ?? Infinity) - CLOCK_SKEW_MAX_MS);
    return answers.run(caller, untilMs, BATCH_MAX);
  });
}

/**
 * Events with a time that has not come, as after a clock was set back, are no younger than those
 * after them. Without any after them they stay until their time is past.
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
