import { kernelStatements, type Read, type Write } from "../store/connection.ts";
import type { SagaFailure } from "./saga.ts";

export type SagaState =
  | "running"
  | "waiting"
  | "compensating"
  | "stuck"
  | "completed"
  | "compensated";

/**
 * What the step under way must find again when it is repeated: its clock, and what it has called
 * since it read the clock.
 */
export interface StepNotes {
  /** The step; `undo <step>` while it is compensated. */
  readonly step: string;
  /** The step's time, until it waits. */
  clockMs: number | null;
  readonly commands: Record<string, RecordedCommand>;
}

/** A command of a step, by its idempotency key. */
interface RecordedCommand {
  readonly procedure: string;
  readonly input: unknown;
  /** True when another command of the step was open at the same time. */
  raced: boolean;
}

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
  stepNotes: StepNotes | null;
  /** False for a saga of an older version, in which each call was keyed by its position. */
  readonly hasNamedKeys: boolean;
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
  readonly stepNotes: string | null;
  readonly hasNamedKeys: number;
}

type Update = Pick<Row, "name" | "id" | "state" | "step" | "done" | "failure" | "dueAtMs"> &
  Pick<Row, "stepNotes"> & { readonly nowMs: number };

interface NewSaga extends Pick<Row, "name" | "id" | "version" | "input" | "traceId"> {
  readonly nowMs: number;
}

interface Filter {
  readonly name: string | null;
  readonly state: string | null;
  readonly id: string | null;
  readonly limit: number;
}

const columns = `name, id, version, state, step, input, done, failure, due_at_ms AS dueAtMs,
  trace_id AS traceId, started_at_ms AS startedAtMs, step_notes AS stepNotes,
  has_named_keys AS hasNamedKeys`;

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare<[NewSaga]>(
    `INSERT INTO cleave_saga
       (name, id, version, state, step, input, done, trace_id, started_at_ms, changed_at_ms,
        has_named_keys)
     SELECT @name, @id, @version, 'running', 0, @input, '{}', @traceId, @nowMs, @nowMs, 1
     WHERE NOT EXISTS (SELECT 1 FROM cleave_past_saga WHERE name = @name AND id = @id)
     ON CONFLICT (name, id) DO NOTHING`,
  ),
  update: sqlite.prepare<[Update]>(
    `UPDATE cleave_saga SET state = @state, step = @step, done = @done, failure = @failure,
       due_at_ms = @dueAtMs, step_notes = @stepNotes, changed_at_ms = @nowMs
     WHERE name = @name AND id = @id`,
  ),
  get: sqlite.prepare<[string, string], Row>(
    `SELECT ${columns} FROM cleave_saga WHERE name = ? AND id = ?`,
  ),
  live: sqlite.prepare<[number], Row>(
    `SELECT ${columns} FROM cleave_saga INDEXED BY cleave_saga_live
     WHERE state NOT IN ('completed', 'compensated') LIMIT ?`,
  ),
  oldestLive: sqlite
    .prepare<[], number>(
      `SELECT started_at_ms FROM cleave_saga INDEXED BY cleave_saga_begun
       WHERE state NOT IN ('completed', 'compensated') ORDER BY started_at_ms LIMIT 1`,
    )
    .pluck(),
  list: sqlite.prepare<[Filter], Row>(
    `SELECT ${columns} FROM cleave_saga
     WHERE (@name IS NULL OR name = @name) AND (@state IS NULL OR state = @state)
       AND (@id IS NULL OR id = @id)
     ORDER BY started_at_ms DESC LIMIT @limit`,
  ),
}));

/** Records a new saga; tells whether it was new: neither there nor removed after its end. */
export function insertSaga(tx: Write, saga: NewSaga): boolean {
  return statements(tx).insert.run(saga).changes > 0;
}

/** Records where a saga stands now. */
export function updateSaga(tx: Write, record: SagaRecord, nowMs: number): void {
  const { name, id, state, step, dueAtMs } = record;
  const done = JSON.stringify(record.done);
  const failure = jsonOrNull(record.failure);
  const stepNotes = jsonOrNull(record.stepNotes);
  statements(tx).update.run({ name, id, state, step, done, failure, dueAtMs, stepNotes, nowMs });
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

/** When the oldest saga that has not ended was started. */
export function oldestLiveSaga(on: Read): number | undefined {
  return statements(on).oldestLive.get();
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
    stepNotes: row.stepNotes === null ? null : JSON.parse(row.stepNotes),
    hasNamedKeys: row.hasNamedKeys === 1,
  };
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
