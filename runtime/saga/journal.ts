import { kernelStatements, type Read, type Write } from "../store/connection.ts";
import type { SagaFailure } from "./saga.ts";

export type SagaState =
  | "running"
  | "waiting"
  | "compensating"
  | "stuck"
  | "completed"
  | "compensated";

/** Where one saga stands, as it is kept. */
export interface SagaRecord {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  state: SagaState;
  /** The step to run next, or to compensate next. */
  step: number;
  readonly input: unknown;
  /** The results of the steps that are done, by name. */
  done: Record<string, unknown>;
  failure: SagaFailure | null;
  /** When a waiting step is run again at the latest. */
  dueAtMs: number | null;
  readonly traceId: string;
  readonly startedAtMs: number;
}

interface Row {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  readonly state: SagaState;
  readonly step: number;
  readonly input: string;
  readonly done: string;
  readonly failure: string | null;
  readonly dueAtMs: number | null;
  readonly traceId: string;
  readonly startedAtMs: number;
}

interface Filter {
  readonly name: string | null;
  readonly state: string | null;
  readonly id: string | null;
  readonly limit: number;
}

const columns = `name, id, version, state, step, input, done, failure, due_at_ms AS dueAtMs,
  trace_id AS traceId, started_at_ms AS startedAtMs`;

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare<[string, string, number, string, string, number, number]>(
    `INSERT INTO cleave_saga
       (name, id, version, state, step, input, done, trace_id, started_at_ms, changed_at_ms)
     VALUES (?, ?, ?, 'running', 0, ?, '{}', ?, ?, ?)
     ON CONFLICT (name, id) DO NOTHING`,
  ),
  update: sqlite.prepare<
    [SagaState, number, string, string | null, number | null, number, string, string]
  >(
    `UPDATE cleave_saga SET state = ?, step = ?, done = ?, failure = ?, due_at_ms = ?,
       changed_at_ms = ? WHERE name = ? AND id = ?`,
  ),
  get: sqlite.prepare<[string, string], Row>(
    `SELECT ${columns} FROM cleave_saga WHERE name = ? AND id = ?`,
  ),
  live: sqlite.prepare<[number], Row>(
    `SELECT ${columns} FROM cleave_saga INDEXED BY cleave_saga_live
     WHERE state NOT IN ('completed', 'compensated') LIMIT ?`,
  ),
  list: sqlite.prepare<[Filter], Row>(
    `SELECT ${columns} FROM cleave_saga
     WHERE (@name IS NULL OR name = @name) AND (@state IS NULL OR state = @state)
       AND (@id IS NULL OR id = @id)
     ORDER BY started_at_ms DESC LIMIT @limit`,
  ),
}));

/** Records a new saga; tells whether it was new. */
export function insertSaga(
  tx: Write,
  saga: {
    name: string;
    id: string;
    version: number;
    input: string;
    traceId: string;
    nowMs: number;
  },
): boolean {
  const { name, id, version, input, traceId, nowMs } = saga;
  return statements(tx).insert.run(name, id, version, input, traceId, nowMs, nowMs).changes > 0;
}

/** Records where a saga stands now. */
export function updateSaga(tx: Write, record: SagaRecord, nowMs: number): void {
  const { name, id, state, step, done, failure, dueAtMs } = record;
  const doneJson = JSON.stringify(done);
  const failureJson = failure === null ? null : JSON.stringify(failure);
  statements(tx).update.run(state, step, doneJson, failureJson, dueAtMs, nowMs, name, id);
}

/** One saga's record, or undefined. */
export function sagaRecord(on: Read, name: string, id: string): SagaRecord | undefined {
  const row = statements(on).get.get(name, id);
  return row === undefined ? undefined : parsed(row);
}

/** The sagas that have not ended, at most `limit`. */
export function liveSagas(on: Read, limit: number): SagaRecord[] {
  return statements(on).live.all(limit).map(parsed);
}

/** Sagas by name, state and id, newest first; null means any. */
export function listSagas(on: Read, by: Filter): SagaRecord[] {
  return statements(on).list.all(by).map(parsed);
}

function parsed(row: Row): SagaRecord {
  return {
    ...row,
    input: JSON.parse(row.input),
    done: JSON.parse(row.done),
    failure: row.failure === null ? null : JSON.parse(row.failure),
  };
}
