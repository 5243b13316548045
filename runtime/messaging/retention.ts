import { kernelStatements, type Write } from "../store/connection.ts";

/** How long answers, published events and ended sagas are kept, in milliseconds: seven days. */
const RETENTION_MS = 7 * 24 * 3_600_000;
/** Rows of each kind removed in one transaction, at most, so that no caller waits for long. */
const BATCH_MAX = 500;

const statements = kernelStatements((sqlite) => ({
  answers: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_answer WHERE (caller, key, procedure) IN (
       SELECT caller, key, procedure FROM cleave_answer WHERE answered_at_ms < ? LIMIT ?)`,
  ),
  events: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_outbox WHERE occurred_at_ms < ? AND seq IN (
       SELECT seq FROM cleave_outbox ORDER BY seq LIMIT ?)`,
  ),
  sagas: sqlite.prepare<[number, number]>(
    `DELETE FROM cleave_saga WHERE (name, id) IN (
       SELECT name, id FROM cleave_saga INDEXED BY cleave_saga_ended
       WHERE state IN ('completed', 'compensated') AND changed_at_ms < ? LIMIT ?)`,
  ),
}));

/** Removes a batch of what is past its time; tells whether there may be more. */
export function removeExpired(tx: Write, nowMs: number): boolean {
  const before = nowMs - RETENTION_MS;
  const { answers, events, sagas } = statements(tx);
  const removed = [answers, events, sagas].map((one) => one.run(before, BATCH_MAX).changes);
  return removed.some((count) => count === BATCH_MAX);
}
