import type { Environment } from "../contract/environment.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import type { Deadlines } from "../resilience/deadlines.ts";
import type { Log } from "../telemetry/log.ts";
import { type SagaRecord, updateSaga } from "./journal.ts";
import type { Saga } from "./saga.ts";
import type { StepCall } from "./step-run.ts";

/** One saga under way, and what driving it needs. */
export interface Driver {
  readonly record: SagaRecord;
  readonly saga: Saga;
  readonly environment: Environment;
  readonly log: Log;
  readonly deadlines: Deadlines;
  /** True while the row on disk is of a saga that rests: nothing beyond its step has run. */
  isResting: boolean;
  readonly call: StepCall;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  stopping(): boolean;
  /** Tells that the record changed. */
  changed(): void;
  /** Counts the wake-ups until now: the step about to run will see what they were about. */
  listen(): void;
  /** How many were counted, and whether there was one since. */
  readonly wakesSeen: number;
  readonly isWoken: boolean;
}

/** Forgets how a step went, since the next one is to run. */
export function moveOn(record: SagaRecord): void {
  record.dueAtMs = null;
  record.waitDueAtMs = null;
  record.attempts = 0;
  record.stepNotes = null;
}

/** Writes the record as it is when the unit runs. */
export async function write({ record, environment, transact }: Driver): Promise<void> {
  await transact((tx) => updateSaga(tx, record, tx.now));
  environment.reach(`saga.journaled:${record.name}`);
}

/**
 * Records that a step is done. What a repetition might find otherwise is written before the next
 * step runs, which may send it on; so is what follows a rest, so that a row of one that rests is
 * never behind. Else nobody waits for it.
 */
export async function writeStep(driver: Driver, isRepeatable: boolean): Promise<void> {
  if (!driver.isResting && isRepeatable) return writeBehind(driver);
  await write(driver);
  driver.isResting = false;
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

/** Whether a saga that is stuck would turn back at its deadline. */
export function canTurnBack(at: Pick<Driver, "record" | "saga">): boolean {
  const { failure, step } = at.record;
  return failure === null && step < at.saga.steps.length && beforePivot(at);
}

export function beforePivot({ record, saga }: Pick<Driver, "record" | "saga">): boolean {
  const pivot = saga.steps.findIndex((step) => step.kind === "pivot");
  return pivot === -1 || record.step <= pivot;
}

/** Whether the time has passed that the waiting step asked for first. */
export function isWaitOver({ record, environment }: Driver): boolean {
  return record.waitDueAtMs !== null && environment.now() >= record.waitDueAtMs;
}

export function isLate(driver: Driver): boolean {
  const { record, saga, environment } = driver;
  return beforePivot(driver) && environment.now() >= record.startedAtMs + saga.deadlineMs;
}
