import { beforePivot, type Driver, isWaitOver, write } from "./driver.ts";
import { lateCopyOfJson } from "./json-value.ts";
import type { StepContext } from "./saga.ts";
import { StepRun } from "./step-run.ts";

/** A run of a step, or of its compensation under the name `undo <step>`. */
export function stepRun(driver: Driver, name: string): StepRun {
  const { record, saga, environment, log, deadlines, call } = driver;
  const isBound = record.state !== "compensating" && beforePivot(driver);
  const deadlineAtMs = isBound ? record.startedAtMs + saga.deadlineMs : Infinity;
  const leftMs = () => deadlineAtMs - environment.now();
  const save = () => write(driver);
  return new StepRun({ record, environment, log, deadlines, call, leftMs, save }, name);
}

/**
 * What a step is given. Input and results are copies, made when they are asked for: what the step
 * changes in them is not seen when it is repeated.
 */
export function contextOf(driver: Driver, run: StepRun): StepContext<unknown, unknown> {
  const { id, input, done } = driver.record;
  const [inputCopy, doneCopy] = [lateCopyOfJson(input), lateCopyOfJson(done)];
  return {
    id,
    get input() {
      return inputCopy();
    },
    get done() {
      return doneCopy();
    },
    // It checks each output against the contract of its procedure.
    call: run.call as StepContext<unknown, unknown>["call"],
    late: isWaitOver(driver),
    now: run.now,
    newId: run.newId,
    signal: run.signal,
  };
}
