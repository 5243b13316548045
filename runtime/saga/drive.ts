import { isDeclarationError, isDomainError, isTransportError } from "../contract/errors.ts";
import { synchronous } from "../messaging/synchronous.ts";
import type { Fields } from "../telemetry/log.ts";
import {
  beforePivot,
  canTurnBack,
  type Driver,
  isLate,
  isWaitOver,
  moveOn,
  write,
  writeStep,
} from "./driver.ts";
import { NEVER_MS, recordWait, removeSecrets, updateSaga } from "./journal.ts";
import { copyOfJson, jsonCopy } from "./json-value.ts";
import {
  endingName,
  type PivotStep,
  pivotName,
  type RunStep,
  type Saga,
  SagaRefusal,
  Wait,
} from "./saga.ts";
import { contextOf, stepRun } from "./step-context.ts";

const PAUSE_FIRST_MS = 200;
/** The longest pause between two attempts, in milliseconds. */
export const PAUSE_MAX_MS = 5_000;
/** Attempts at a step that fails by a defect, before the saga is stuck. */
const DEFECTS_MAX = 8;

/** Why a step did not go through. */
type Setback =
  | { readonly kind: "refused"; readonly code: string; readonly data: unknown }
  | { readonly kind: "unanswered"; readonly error: unknown }
  | { readonly kind: "defect"; readonly error: unknown };

/**
 * Takes one saga from where its record stands to its end, or to where it rests: waits, is to be
 * tried again later, or is stuck. Then its row says when it is due, and nothing of it is kept here.
 *
 * Forward, a step's result is written while the next step already runs, or together with the pivot
 * or the end when that is next: every command of a step is keyed, so after a crash the steps since
 * the last write are answered from what they stored.
 * Turning back, resting, what follows a rest, the result of a step that might find something else
 * in a repetition, and the pivot are on disk before anything follows from them.
 */
export async function drive(driver: Driver): Promise<void> {
  const { record, saga } = driver;
  if (record.state === "stuck" && !(canTurnBack(driver) && isLate(driver))) {
    return leaveStuck(driver);
  }
  if (record.state !== "compensating") record.state = "running";
  record.dueAtMs = null;
  while (!driver.stopping()) {
    if (record.state === "compensating") return turnBack(driver);
    const step = saga.steps[record.step];
    if (step === undefined) return finish(driver, "completed");
    const result = await forward(driver, step);
    if (result === undefined) continue;
    if (result instanceof Wait) await wait(driver, result.untilMs);
    else await afterSetback(driver, result);
    if (record.dueAtMs !== null) return;
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
    const run = stepRun(driver, step.name);
    // The record began with an input of this saga, and `done` has the results of its own steps.
    const result = await run.do(async () =>
      keptOf(driver, step.name, await step.run(contextOf(driver, run) as never)),
    );
    environment.reach(`saga.step-answered:${step.name}`);
    if (result instanceof Wait) return result;
    const { isRepeatable } = run;
    record.done = { ...record.done, [step.name]: result };
    record.step += 1;
    moveOn(record);
    if (driver.saga.steps[record.step]?.kind === "run") await writeStep(driver, isRepeatable);
    driver.changed();
    return undefined;
  } catch (error) {
    if (error instanceof SagaRefusal || isDomainError(error)) return refusalFrom(error);
    if (!isTransportError(error)) return { kind: "defect", error };
    if (step.kind === "pivot" && error.executed === "unknown") throw error;
    return { kind: "unanswered", error };
  }
}

/** What a step returned as the saga keeps it, unless it waits. */
function keptOf({ saga }: Driver, step: string, result: unknown): unknown {
  if (result instanceof Wait) return result;
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
  const next = { ...record, step: record.step + 1 };
  moveOn(next);
  removeSecrets(next, driver.saga.secrets);
  await driver.transact((tx) => {
    tx.traceId = record.traceId;
    const { id } = record;
    const [input, done] = [copyOfJson(record.input), copyOfJson(record.done)];
    // As for a step: input and results are those of this saga.
    const result = step.commit(tx, { id, input: input as never, done: done as never });
    synchronous(result, pivotName(driver.saga.name, step.name));
    updateSaga(tx, next, tx.now);
  });
  Object.assign(record, next);
  driver.isResting = false;
  environment.reach(`saga.pivot-committed:${step.name}`);
  driver.changed();
}

/**
 * Has the saga wait until it is woken or due. It is due by the time that its step asked for first,
 * however often it is run and asks for another; once that has passed the step is late, and waits
 * as long as it says.
 */
async function wait(driver: Driver, untilMs: number): Promise<void> {
  const { record, saga, environment } = driver;
  const nowMs = environment.now();
  record.waitDueAtMs ??= untilMs;
  if (record.stepNotes !== null) record.stepNotes.clockMs = null;
  const wantedMs = isWaitOver(driver) ? untilMs : Math.min(untilMs, record.waitDueAtMs);
  const deadlineMs = beforePivot(driver) ? record.startedAtMs + saga.deadlineMs : NEVER_MS;
  record.attempts = 0;
  const soonestMs = Math.min(Math.max(wantedMs, nowMs + PAUSE_FIRST_MS), deadlineMs);
  const { wakesSeen } = driver;
  // A copy: what was written behind before must not tell of the wait, nor pass over a wake-up.
  const next = { ...record, state: "waiting" as const, dueAtMs: Math.ceil(soonestMs) };
  const dueAtMs = await driver.transact((tx) => recordWait(tx, next, { wakesSeen, nowMs: tx.now }));
  environment.reach(`saga.journaled:${record.name}`);
  driver.isResting = true;
  if (driver.isWoken || dueAtMs <= environment.now()) return;
  Object.assign(record, next, { dueAtMs });
  driver.changed();
}

async function afterSetback(driver: Driver, setback: Setback): Promise<void> {
  const { record, saga, log } = driver;
  record.attempts += 1;
  const { attempts } = record;
  const step = saga.steps[record.step]?.name ?? "end";
  const about = { saga: record.name, id: record.id, step, traceId: record.traceId, attempts };
  if (beforePivot(driver) && (setback.kind === "refused" || isLate(driver))) {
    const { code, data } = setback.kind === "refused" ? setback : { code: "DEADLINE", data: null };
    log.info("saga turns back", { ...about, code });
    record.state = "compensating";
    if (record.isBehind) record.step = lastUndoable(saga);
    record.failure = { step, code, data };
    moveOn(record);
    removeSecrets(record, saga.secrets);
    await write(driver);
    return;
  }
  const isHopeless = setback.kind === "defect" && isDeclarationError(setback.error);
  if (isHopeless || (setback.kind !== "unanswered" && attempts >= DEFECTS_MAX)) {
    return stick(driver, { ...about, setback });
  }
  log.warn("saga step failed, will be tried again", { ...about, setback });
  await retryLater(driver);
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
  while (!driver.stopping() && record.step >= 0) {
    const step = saga.steps[record.step];
    if (step?.kind !== "run" || step.compensate === undefined) {
      record.step -= 1;
      continue;
    }
    try {
      const { compensate } = step;
      const run = stepRun(driver, `undo ${step.name}`);
      // As for `run`: input and results are those of this saga.
      await run.do(() => compensate(contextOf(driver, run) as never));
      environment.reach(`saga.step-undone:${step.name}`);
      record.step -= 1;
      moveOn(record);
      await write(driver);
    } catch (error) {
      record.attempts += 1;
      const { attempts } = record;
      const about = { saga: record.name, id: record.id, step: step.name, attempts };
      const isBad = attempts >= DEFECTS_MAX || isDeclarationError(error);
      log[isBad ? "error" : "warn"]("saga cannot undo a step yet", {
        ...about,
        traceId: record.traceId,
        error,
      });
      return retryLater(driver);
    }
  }
  await finish(driver, "compensated");
}

/** Ends the saga. One whose `ending` throws is tried again; after eight times it is stuck. */
async function finish(driver: Driver, outcome: "completed" | "compensated"): Promise<void> {
  if (driver.stopping()) return;
  try {
    return await end(driver, outcome);
  } catch (error) {
    if (isTransportError(error)) throw error;
    const { record } = driver;
    record.attempts += 1;
    const { name, id, traceId, attempts } = record;
    const about = { saga: name, id, step: "end", traceId, attempts };
    if (attempts >= DEFECTS_MAX || isDeclarationError(error)) {
      return stick(driver, { ...about, setback: { error } });
    }
    driver.log.warn("saga cannot end yet", { ...about, error });
    await retryLater(driver);
  }
}

/**
 * Reports the saga, which stays as it is until somebody has it tried again, or until its deadline
 * when it can still turn back.
 */
async function stick(driver: Driver, about: Fields): Promise<void> {
  driver.log.error("saga stuck", about);
  await leaveStuck(driver);
}

/** Has a stuck saga be due at its deadline, or never. */
async function leaveStuck(driver: Driver): Promise<void> {
  const { record, saga } = driver;
  const deadlineMs = record.startedAtMs + saga.deadlineMs;
  record.state = "stuck";
  record.dueAtMs = canTurnBack(driver) ? Math.ceil(deadlineMs) : NEVER_MS;
  await write(driver);
  driver.changed();
}

async function end(driver: Driver, outcome: "completed" | "compensated"): Promise<void> {
  const { record, saga, environment } = driver;
  const last = { ...record, state: outcome, dueAtMs: null };
  removeSecrets(last, saga.secrets);
  await driver.transact((tx) => {
    tx.traceId = record.traceId;
    const { id } = record;
    const [input, failure] = [copyOfJson(record.input), copyOfJson(record.failure)];
    // The record began with an input of this saga.
    const result = saga.ended?.(tx, { id, input: input as never, outcome, failure });
    synchronous(result, endingName(saga.name));
    updateSaga(tx, last, tx.now);
  });
  record.state = outcome;
  environment.reach(`saga.ended:${record.name}`);
  driver.changed();
}

/** Has the saga be due after a pause that grows with its attempts. */
async function retryLater(driver: Driver): Promise<void> {
  const { record, environment } = driver;
  const ms = Math.min(PAUSE_FIRST_MS * 2 ** (record.attempts - 1), PAUSE_MAX_MS);
  const jittered = ms * (0.5 + environment.random() / 2);
  record.dueAtMs = Math.ceil(environment.now() + jittered);
  await write(driver);
  driver.isResting = true;
}
