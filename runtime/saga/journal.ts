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
  /** By idempotency key: one of each procedure. */
  readonly commands: Record<string, readonly RecordedCommand[]>;
}

/** A command of a step. */
export interface RecordedCommand {
  readonly procedure: string;
  readonly input: unknown;
  /** True when another command of the step was open at the same time. */
  raced: boolean;
}

/** The due time of a stuck saga that nothing but a retry takes up: the last of a `Date`. */
export const NEVER_MS = 8_640_000_000_000_000;

/** Where one saga stands, as it is kept. */
export interface SagaRecord {
  readonly name: string;
  readonly id: string;
  readonly version: number;
  state: SagaState;
  /** The step to run next, or to compensate next. */
  step: number;
  input: unknown;
  /** What each write removes from the kept input, as a JSON merge patch (RFC 7396); or null. */
  inputPatch: string | null;
  /** The results of the steps that are done, by name. */
  done: Record<string, unknown>;
  failure: SagaFailure | null;
  /**
   * When a saga that rests is taken up again: one that waits, retries, or is stuck. Null while it
   * runs, so that one that was interrupted is found.
   */
  dueAtMs: number | null;
  /** The time that the waiting step asked for first. */
  waitDueAtMs: number | null;
  /** Attempts in a row that failed. */
  attempts: number;
  /** True when steps beyond `step` may have run, as after a crash. */
  isBehind: boolean;
  readonly traceId: string;
  readonly startedAtMs: number;
  stepNotes: StepNotes | null;
  /** False for a saga of an older version, in which each call was keyed by its position. */
  readonly hasNamedKeys: boolean;
}

type Kept = Omit<
  SagaRecord,
  "input" | "inputPatch" | "done" | "failure" | "isBehind" | "stepNotes" | "hasNamedKeys"
>;

interface Row extends Kept {
  readonly input: string;
  readonly done: string;
  readonly failure: string | null;
  readonly isBehind: number;
  readonly stepNotes: string | null;
  readonly hasNamedKeys: number;
}

interface NewSaga extends Pick<Row, "name" | "id" | "version" | "input" | "traceId"> {
  readonly nowMs: number;
}

interface Filter {
  readonly name: string | null;
  readonly state: string | null;
  readonly id: string | null;
  readonly limit: number;
}

/** What of a record changes. */
interface Change {
  readonly name: string;
  readonly id: string;
  readonly state: SagaState;
  readonly step: number;
  readonly inputPatch: string | null;
  readonly done: string;
  readonly failure: string | null;
  readonly dueAtMs: number | null;
  readonly waitDueAtMs: number | null;
  readonly attempts: number;
  readonly isBehind: number;
  readonly stepNotes: string | null;
  readonly nowMs: number;
}

const columns = `name, id, version, state, step, input, done, failure, due_at_ms AS dueAtMs,
  wait_due_at_ms AS waitDueAtMs, attempts, is_behind AS isBehind, trace_id AS traceId,
  started_at_ms AS startedAtMs, step_notes AS stepNotes, has_named_keys AS hasNamedKeys`;
const changes = `state = @state, step = @step, done = @done, failure = @failure,
  wait_due_at_ms = @waitDueAtMs, attempts = @attempts, is_behind = @isBehind,
  step_notes = @stepNotes, changed_at_ms = @nowMs,
  input = CASE WHEN @inputPatch IS NULL THEN input ELSE json_patch(input, @inputPatch) END`;

const statements = kernelStatements((sqlite) => ({
  insert: sqlite.prepare<[NewSaga]>(
    `INSERT INTO cleave_saga
       (name, id, version, state, step, input, done, trace_id, started_at_ms, changed_at_ms,
        has_named_keys)
     SELECT @name, @id, @version, 'running', 0, @input, '{}', @traceId, @nowMs, @nowMs, 1
     WHERE NOT EXISTS (SELECT 1 FROM cleave_past_saga WHERE name = @name AND id = @id)
     ON CONFLICT (name, id) DO NOTHING`,
  ),
  update: sqlite.prepare<[Change]>(
    `UPDATE cleave_saga SET ${changes}, due_at_ms = @dueAtMs WHERE name = @name AND id = @id`,
  ),
  wait: sqlite.prepare<[Change & { wakesSeen: number }], { dueAtMs: number }>(
    `UPDATE cleave_saga SET ${changes},
       due_at_ms = CASE WHEN wakes > @wakesSeen THEN min(@nowMs, @dueAtMs) ELSE @dueAtMs END
     WHERE name = @name AND id = @id RETURNING due_at_ms AS dueAtMs`,
  ),
  wake: sqlite.prepare<[number, string, string]>(
    `UPDATE cleave_saga SET wakes = wakes + 1,
       due_at_ms = CASE state WHEN 'waiting' THEN min(due_at_ms, ?) ELSE due_at_ms END
     WHERE name = ? AND id = ? AND state NOT IN ('completed', 'compensated')`,
  ),
  wakes: sqlite.prepare<[string, string], { wakes: number }>(
    "SELECT wakes FROM cleave_saga WHERE name = ? AND id = ?",
  ),
  get: sqlite.prepare<[string, string], Row>(
    `SELECT ${columns} FROM cleave_saga WHERE name = ? AND id = ?`,
  ),
  oldestLive: sqlite
    .prepare<[], number>(
      `SELECT started_at_ms FROM cleave_saga INDEXED BY cleave_saga_begun
       WHERE state NOT IN ('completed', 'compensated') ORDER BY started_at_ms LIMIT 1`,
    )
    .pluck(),
  stuck: sqlite.prepare<[], { count: number; oldestAtMs: number | null }>(
    `SELECT count(*) AS count, min(started_at_ms) AS oldestAtMs
     FROM cleave_saga INDEXED BY cleave_saga_stuck WHERE state = 'stuck'`,
  ),
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
  statements(tx).update.run(changeOf(record, nowMs));
}

/**
 * Records that a saga waits; returns when it is due. That is at once when it was woken more often
 * than `wakesSeen` times, since its step has not seen why.
 */
export function recordWait(
  tx: Write,
  record: SagaRecord,
  { wakesSeen, nowMs }: { readonly wakesSeen: number; readonly nowMs: number },
): number {
  const change = { ...changeOf(record, nowMs), wakesSeen };
  return statements(tx).wait.get(change)?.dueAtMs ?? nowMs;
}

/** Has a waiting saga be due now, and one that runs not wait; tells whether it is under way. */
export function recordWake(
  tx: Write,
  { name, id, nowMs }: { readonly name: string; readonly id: string; readonly nowMs: number },
): boolean {
  return statements(tx).wake.run(nowMs, name, id).changes > 0;
}

/** How often a saga was woken. */
export function wakesOf(on: Read, name: string, id: string): number {
  return statements(on).wakes.get(name, id)?.wakes ?? 0;
}

/** One saga's record, or undefined. */
export function sagaRecord(on: Read, name: string, id: string): SagaRecord | undefined {
  const row = statements(on).get.get(name, id);
  return row === undefined ? undefined : parsed(row);
}

/** When the oldest saga that has not ended was started. */
export function oldestLiveSaga(on: Read): number | undefined {
  return statements(on).oldestLive.get();
}

/** How many sagas are stuck, and when the oldest of them was started. */
export function stuckSagas(on: Read): {
  readonly count: number;
  readonly oldestAtMs: number | null;
} {
  return statements(on).stuck.get() ?? { count: 0, oldestAtMs: null };
}

/** Sagas by name, state and id, newest first; null means any. */
export function listSagas(on: Read, by: Filter): SagaRecord[] {
  return statements(on).list.all(by).map(parsed);
}

/** Removes fields of the input from the record, and with its next write from the row. */
export function removeSecrets(record: SagaRecord, secrets: readonly string[]): void {
  if (secrets.length === 0 || record.inputPatch !== null) return;
  record.input = Object.fromEntries(
    Object.entries(record.input ?? {}).filter(([name]) => !secrets.includes(name)),
  );
  record.inputPatch = JSON.stringify(Object.fromEntries(secrets.map((name) => [name, null])));
}

function changeOf(record: SagaRecord, nowMs: number): Change {
  const { name, id, state, step, done, failure, dueAtMs, waitDueAtMs, attempts } = record;
  const { inputPatch } = record;
  return {
    ...{ name, id, state, step, inputPatch, dueAtMs, waitDueAtMs, attempts, nowMs },
    done: JSON.stringify(done),
    failure: jsonOrNull(failure),
    isBehind: record.isBehind ? 1 : 0,
    stepNotes: jsonOrNull(record.stepNotes),
  };
}

function parsed(row: Row): SagaRecord {
  return {
    ...row,
    input: JSON.parse(row.input),
    inputPatch: null,
    done: JSON.parse(row.done),
    failure: row.failure === null ? null : JSON.parse(row.failure),
    isBehind: row.isBehind === 1,
    stepNotes: row.stepNotes === null ? null : JSON.parse(row.stepNotes),
    hasNamedKeys: row.hasNamedKeys === 1,
  };
}

function jsonOrNull(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
