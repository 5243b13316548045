import type { Environment } from "../contract/environment.ts";
import { isDeclarationError, isDomainError, isTransportError } from "../contract/errors.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import { synchronous } from "../messaging/synchronous.ts";
import type { Fields, Log } from "../telemetry/log.ts";
import { type SagaRecord, updateSaga } from "./journal.ts";
import { copyOfJson, jsonCopy } from "./json-value.ts";
import {
  endingName,
  type PivotStep,
  pivotName,
  type RunStep,
  type Saga,
  SagaRefusal,
  type StepContext,
  Wait,
} from "./saga.ts";
import { type StepCall, StepRun } from "./step-run.ts";

const PAUSE_FIRST_MS = 200;
const PAUSE_MAX_MS = 5_000;
/** Attempts at a step that fails by a defect, before the saga is stuck. */
const DEFECTS_MAX = 8;

/** One saga under way, and what driving it needs. */
export interface Driver {
  readonly record: SagaRecord;
  readonly saga: Saga;
  readonly environment: Environment;
  readonly log: Log;
  /** True when the record was read from disk: it may be behind what was done. */
  readonly takenUp: boolean;
  readonly call: StepCall;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  stopping(): boolean;
  /** Tells that the record changed. */
  changed(): void;
  /** Forgets wake-ups until now: the step about to run will see what they were about. */
  listen(): void;
  /** Waits until then; if `wakeable`, also until woken. */
  rest(untilMs: number, wakeable: boolean): Promise<void>;
}

/** Why a step did not go through. */
type Setback =
  | { readonly kind: "refused"; readonly code: string; readonly data: unknown }
  | { readonly kind: "unanswered"; readonly error: unknown }
  | { readonly kind: "defect"; readonly error: unknown };

/**
 * Takes one saga from where its record stands to its end, or to where it is stuck.
 *
 * Forward, a step's result is written while the next step already runs, or together with the pivot
 * or the end when that is next: every call of a step is keyed, so after a crash the steps since the
 * last write are answered from what they stored.
 * Turning back, waiting and the pivot are on disk before anything follows from them.
 */
export async function drive(driver: Driver): Promise<void> {
  const { record, saga } = driver;
  let attempts = 0;
  // The step looks again at once; if it goes on waiting, a restart does not give it more time. Once
  // its time was over, it has been told, and says anew how long it waits.
  let dueBefore = record.state === "waiting" ? (record.dueAtMs ?? Infinity) : Infinity;
  if (record.state === "waiting") record.state = "running";
  while (!driver.stopping()) {
    if (record.state === "compensating") return turnBack(driver);
    const step = saga.steps[record.step];
    if (step === undefined) return finish(driver, "completed");
    if (driver.environment.now() >= dueBefore) dueBefore = Infinity;
    const result = await forward(driver, step);
    if (result === undefined) {
      attempts = 0;
      dueBefore = Infinity;
    } else if (result instanceof Wait) {
      await wait(driver, Math.min(result.untilMs, dueBefore));
    } else {
      attempts += 1;
      await afterSetback(driver, result, attempts);
      if (record.state === "stuck") return;
    }
  }
}

/** Runs one step. Returns nothing when it went through and the record has moved on. */
async function forward(
  driver: Driver,
  step: RunStep | PivotStep,
): Promise<Setback | Wait | undefined> {
  const { record, environment } = driver;
  if (isLate(driver)) return { kind: "refused", code: "DEADLINE", data: null };
  try {
    if (step.kind === "pivot") {
      await commitPivot(driver, step);
      return undefined;
    }
    driver.listen();
    const result = await runStep(driver, step.name, step.run);
    environment.reach(`saga.step-answered:${step.name}`);
    if (result instanceof Wait) return result;
    record.stepNotes = null;
    record.done = { ...record.done, [step.name]: resultOf(driver, step.name, result) };
    record.step += 1;
    record.dueAtMs = null;
    if (driver.saga.steps[record.step]?.kind === "run") writeBehind(driver);
    driver.changed();
    return undefined;
  } catch (error) {
    if (error instanceof SagaRefusal || isDomainError(error)) return refusalFrom(error);
    if (!isTransportError(error)) return { kind: "defect", error };
    if (step.kind === "pivot" && error.executed === "unknown") throw error;
    return { kind: "unanswered", error };
  }
}

/** The result as the saga keeps it. */
function resultOf({ saga }: Driver, step: string, result: unknown): unknown {
  return jsonCopy(result ?? null, `The result of the step ${step} of ${saga.name}`);
}

/** A refusal with its data as the saga keeps it; a defect when it cannot be kept. */
function refusalFrom({ code, data }: { readonly code: string; readonly data: unknown }): Setback {
  try {
    const kept = jsonCopy(data ?? null, `The data of the refusal ${code}`);
    return { kind: "refused", code, data: kept };
  } catch (error) {
    return { kind: "defect", error };
  }
}

async function commitPivot(driver: Driver, step: PivotStep): Promise<void> {
  const { record, environment } = driver;
  const next = { ...record, step: record.step + 1, dueAtMs: null };
  await driver.transact((tx) => {
    tx.traceId = record.traceId;
    const { id } = record;
    const [input, done] = [copyOfJson(record.input), copyOfJson(record.done)];
    const result = step.commit(tx, { id, input: input as never, done: done as never });
    synchronous(result, pivotName(driver.saga.name, step.name));
    updateSaga(tx, next, tx.now);
  });
  record.step = next.step;
  environment.reach(`saga.pivot-committed:${step.name}`);
  driver.changed();
}

async function wait(driver: Driver, untilMs: number): Promise<void> {
  const { record, saga } = driver;
  const soonestMs = driver.environment.now() + PAUSE_FIRST_MS;
  const deadlineMs = beforePivot(driver) ? record.startedAtMs + saga.deadlineMs : Infinity;
  record.state = "waiting";
  if (record.stepNotes !== null) record.stepNotes.clockMs = null;
  record.dueAtMs = Math.ceil(Math.min(Math.max(untilMs, soonestMs), deadlineMs));
  await write(driver);
  driver.changed();
  await driver.rest(record.dueAtMs, true);
  if (!driver.stopping()) record.state = "running";
}

async function afterSetback(driver: Driver, setback: Setback, attempts: number): Promise<void> {
  const { record, saga, log } = driver;
  const step = saga.steps[record.step]?.name ?? "end";
  const about = { saga: record.name, id: record.id, step, traceId: record.traceId, attempts };
  if (beforePivot(driver) && (setback.kind === "refused" || isLate(driver))) {
    const { code, data } = setback.kind === "refused" ? setback : { code: "DEADLINE", data: null };
    log.info("saga turns back", { ...about, code });
    record.state = "compensating";
    record.stepNotes = null;
    if (driver.takenUp) record.step = lastUndoable(saga);
    record.failure = { step, code, data };
    await write(driver);
    return;
  }
  const isHopeless = setback.kind === "defect" && isDeclarationError(setback.error);
  if (isHopeless || (setback.kind !== "unanswered" && attempts >= DEFECTS_MAX)) {
    return stick(driver, { ...about, setback });
  }
  log.warn("saga step failed, will be tried again", { ...about, setback });
  await pause(driver, attempts);
}

/**
 * Where to begin to undo a saga that was read from disk: steps past the one that is written may
 * have run before the crash, and to undo a step that did not run is harmless.
 */
function lastUndoable({ steps }: Saga): number {
  const pivot = steps.findIndex((step) => step.kind === "pivot");
  return (pivot === -1 ? steps.length : pivot) - 1;
}

/** Undoes the steps that ran or may have run, newest first, each until it succeeds. */
async function turnBack(driver: Driver): Promise<void> {
  const { record, saga, environment, log } = driver;
  let attempts = 0;
  while (!driver.stopping() && record.step >= 0) {
    const step = saga.steps[record.step];
    if (step?.kind !== "run" || step.compensate === undefined) {
      record.step -= 1;
      continue;
    }
    try {
      await runStep(driver, `undo ${step.name}`, step.compensate);
      environment.reach(`saga.step-undone:${step.name}`);
      record.step -= 1;
      record.stepNotes = null;
      attempts = 0;
      await write(driver);
    } catch (error) {
      attempts += 1;
      const about = { saga: record.name, id: record.id, step: step.name, attempts };
      const isBad = attempts >= DEFECTS_MAX || isDeclarationError(error);
      log[isBad ? "error" : "warn"]("saga cannot undo a step yet", {
        ...about,
        traceId: record.traceId,
        error,
      });
      await pause(driver, attempts);
    }
  }
  await finish(driver, "compensated");
}

/** Ends the saga, as often as it takes until its `ending` throws nothing; then it is stuck. */
async function finish(driver: Driver, outcome: "completed" | "compensated"): Promise<void> {
  for (let attempts = 1; !driver.stopping(); attempts++) {
    try {
      return await end(driver, outcome);
    } catch (error) {
      if (isTransportError(error)) throw error;
      const { name, id, traceId } = driver.record;
      const about = { saga: name, id, step: "end", traceId, attempts };
      if (attempts >= DEFECTS_MAX || isDeclarationError(error)) {
        return stick(driver, { ...about, setback: { error } });
      }
      driver.log.warn("saga cannot end yet", { ...about, error });
      await pause(driver, attempts);
    }
  }
}

/**
 * Reports the saga, which stays as it is until somebody has it tried again, or until its deadline
 * when it can still turn back.
 */
async function stick(driver: Driver, about: Fields): Promise<void> {
  driver.log.error("saga stuck", about);
  driver.record.state = "stuck";
  await write(driver);
  driver.changed();
}

async function end(driver: Driver, outcome: "completed" | "compensated"): Promise<void> {
  const { record, saga, environment } = driver;
  const last = { ...record, state: outcome, dueAtMs: null };
  await driver.transact((tx) => {
    tx.traceId = record.traceId;
    const { id } = record;
    const [input, failure] = [copyOfJson(record.input), copyOfJson(record.failure)];
    const result = saga.ended?.(tx, { id, input: input as never, outcome, failure });
    synchronous(result, endingName(saga.name));
    updateSaga(tx, last, tx.now);
  });
  record.state = outcome;
  environment.reach(`saga.ended:${record.name}`);
  driver.changed();
}

/** Writes the record as it is when the unit runs. */
async function write({ record, environment, transact }: Driver): Promise<void> {
  await transact((tx) => updateSaga(tx, record, tx.now));
  environment.reach(`saga.journaled:${record.name}`);
}

/**
 * Writes the record without waiting. Each write holds the whole record, so a lost one is made
 * good by the next.
 */
function writeBehind(driver: Driver): void {
  const { record, log } = driver;
  write(driver).catch((error: unknown) => {
    log.warn("saga record not written yet", { saga: record.name, id: record.id, error });
  });
}

/** Runs a step, or its compensation under the name `undo <step>`. */
function runStep(driver: Driver, name: string, work: RunStep["run"]): Promise<unknown> {
  const { record, saga, environment, log, call } = driver;
  const isBound = record.state !== "compensating" && beforePivot(driver);
  const deadlineAtMs = isBound ? record.startedAtMs + saga.deadlineMs : Infinity;
  const leftMs = () => deadlineAtMs - environment.now();
  const save = () => write(driver);
  const run = new StepRun({ record, environment, log, call, leftMs, save }, name);
  return run.do(() => work(contextOf(driver, run) as never));
}

function contextOf(driver: Driver, run: StepRun): StepContext<unknown, unknown> {
  const { record, environment } = driver;
  return {
    id: record.id,
    // Copies: what the step changes in them is not seen when it is repeated.
    input: copyOfJson(record.input),
    done: copyOfJson(record.done),
    call: run.call as StepContext<unknown, unknown>["call"],
    late: record.dueAtMs !== null && environment.now() >= record.dueAtMs,
    now: run.now,
    newId: run.newId,
    signal: run.signal,
  };
}

/** Whether a saga that is stuck would turn back at its deadline. */
export function canTurnBack(at: Pick<Driver, "record" | "saga">): boolean {
  const { failure, step } = at.record;
  return failure === null && step < at.saga.steps.length && beforePivot(at);
}

function beforePivot({ record, saga }: Pick<Driver, "record" | "saga">): boolean {
  const pivot = saga.steps.findIndex((step) => step.kind === "pivot");
  return pivot === -1 || record.step <= pivot;
}

function isLate(driver: Driver): boolean {
  const { record, saga, environment } = driver;
  return beforePivot(driver) && environment.now() >= record.startedAtMs + saga.deadlineMs;
}

function pause(driver: Driver, attempts: number): Promise<void> {
  const { environment } = driver;
  const ms = Math.min(PAUSE_FIRST_MS * 2 ** (attempts - 1), PAUSE_MAX_MS);
  const jittered = ms * (0.5 + environment.random() / 2);
  return driver.rest(environment.now() + jittered, false);
}
