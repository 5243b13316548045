import { kernelStatements, type Read } from "../store/connection.ts";

/** Identifies a saga. */
export interface SagaKey {
  readonly name: string;
  readonly id: string;
}

/** A version of a saga. */
export interface SagaVersion {
  readonly name: string;
  readonly version: number;
}

interface By {
  readonly nowMs: number;
  /** Retries lie no further ahead than this, unless the clock was set back since. */
  readonly retryByMs: number;
  readonly limit: number;
}

const running = `FROM cleave_saga INDEXED BY cleave_saga_running
  WHERE state IN ('running', 'compensating')`;
const waiting = `FROM cleave_saga INDEXED BY cleave_saga_waiting
  WHERE state IN ('waiting', 'stuck')`;
const live = `FROM cleave_saga INDEXED BY cleave_saga_version
  WHERE state NOT IN ('completed', 'compensated')`;

const statements = kernelStatements((sqlite) => ({
  due: sqlite.prepare<[By], SagaKey>(
    `SELECT name, id FROM (
       SELECT * FROM (
         SELECT name, id, started_at_ms AS at ${running} AND due_at_ms IS NULL
         ORDER BY started_at_ms LIMIT @limit)
       UNION ALL SELECT * FROM (
         SELECT name, id, due_at_ms AS at ${running} AND due_at_ms <= @nowMs
         ORDER BY due_at_ms LIMIT @limit)
       UNION ALL SELECT * FROM (
         SELECT name, id, @nowMs AS at ${running} AND due_at_ms > @retryByMs
         ORDER BY due_at_ms LIMIT @limit)
       UNION ALL SELECT * FROM (
         SELECT name, id, due_at_ms AS at ${waiting} AND due_at_ms <= @nowMs
         ORDER BY due_at_ms LIMIT @limit))
     ORDER BY at LIMIT @limit`,
  ),
  // Two steps, as SQLite scans all of a name for (name, version) > (?, ?).
  nextVersion: sqlite.prepare<[string, number], SagaVersion>(
    `SELECT name, version ${live} AND name = ? AND version > ? ORDER BY version LIMIT 1`,
  ),
  nextName: sqlite.prepare<[string], SagaVersion>(
    `SELECT name, version ${live} AND name > ? ORDER BY name, version LIMIT 1`,
  ),
  nextRetry: sqlite.prepare<[number], { dueAtMs: number }>(
    `SELECT due_at_ms AS dueAtMs ${running} AND due_at_ms > ? ORDER BY due_at_ms LIMIT 1`,
  ),
  nextWait: sqlite.prepare<[number], { dueAtMs: number }>(
    `SELECT due_at_ms AS dueAtMs ${waiting} AND due_at_ms > ? ORDER BY due_at_ms LIMIT 1`,
  ),
}));

/**
 * The sagas that are to run, at most `limit`: those that were interrupted or not begun by the time
 * of their start, and those that rest by their due time, the oldest first.
 */
export function dueSagas(on: Read, by: By): SagaKey[] {
  return statements(on).due.all(by);
}

/** When the next of those that retry, and of those that wait or are stuck, is due after a time. */
export function nextDue(on: Read, nowMs: number) {
  const { nextRetry, nextWait } = statements(on);
  return {
    retryAtMs: nextRetry.get(nowMs)?.dueAtMs ?? Number.POSITIVE_INFINITY,
    waitAtMs: nextWait.get(nowMs)?.dueAtMs ?? Number.POSITIVE_INFINITY,
  };
}

/** The versions of which sagas are under way. A step through the index for each, however many. */
export function liveVersions(on: Read): SagaVersion[] {
  const versions: SagaVersion[] = [];
  let last: SagaVersion = { name: "", version: 0 };
  for (;;) {
    const { nextVersion, nextName } = statements(on);
    const next = nextVersion.get(last.name, last.version) ?? nextName.get(last.name);
    if (next === undefined) return versions;
    versions.push(next);
    last = next;
  }
}
