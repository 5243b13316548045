import type { Static, TObject } from "@sinclair/typebox";
import type { Call } from "../contract/call.ts";
import { type Contract, moduleName } from "../contract/contract.ts";
import { duration, timePoint, versionNumber } from "../contract/time.ts";
import type { SagaReference, Transaction } from "../messaging/transaction.ts";

/** What a step can see and do. Its calls of commands are keyed by saga, step and position. */
export interface StepContext<Input, Done, Uses extends Contract = never> {
  /** The id under which the saga was started. */
  readonly id: string;
  readonly input: Input;
  /** The results of the earlier steps, by name. */
  readonly done: Done;
  readonly call: Call<Uses>;
  /** True when the step has waited and its time is over. */
  readonly late: boolean;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Ends the way forward with a reason, and starts the compensation. */
export class SagaRefusal extends Error {
  override readonly name = "SagaRefusal";
  readonly code: string;
  readonly data: unknown;

  constructor(code: string, data: unknown = null) {
    super(`The saga gave up: ${code}`);
    this.code = code;
    this.data = data;
  }
}

/**
 * Returned by a step that waits for something outside: it is run again when woken, or at
 * `untilMs`.
 */
export class Wait {
  readonly untilMs: number;

  constructor(untilMs: number) {
    this.untilMs = timePoint(untilMs, "The time given to waitUntil");
  }
}

/**
 * Has the step wait until the saga is woken, at the latest until `untilMs` (since 1970). To wait
 * for a wake alone, give a time far ahead, such as `now()` and ten years. Throws a TypeError when
 * it is no point in time, such as NaN.
 */
export function waitUntil(untilMs: number): Wait {
  return new Wait(untilMs);
}

/** Why a saga turned back. */
export interface SagaFailure {
  readonly step: string;
  /** The code of the declared error or refusal; `DEADLINE` when the time was over. */
  readonly code: string;
  readonly data: unknown;
}

/** A step before the pivot: what it does across modules, and how to undo it. */
export interface Step<Input, Done, Uses extends Contract, Result> {
  readonly run: (context: StepContext<Input, Done, Uses>) => Promise<Result | Wait>;
  /**
   * Undoes the step, also when it is unknown whether it ran. It gets no result of the step: undo by
   * an id known before, and succeed when there is nothing to undo.
   */
  readonly compensate?: (
    context: Omit<StepContext<Input, unknown, Uses>, "done">,
  ) => Promise<unknown>;
}

/** A step as the engine runs it. */
export interface RunStep {
  readonly kind: "run";
  readonly name: string;
  readonly run: (context: StepContext<never, never, never>) => Promise<unknown>;
  readonly compensate?: (context: StepContext<never, never, never>) => Promise<unknown>;
}

/** The point of no return as the engine runs it. */
export interface PivotStep {
  readonly kind: "pivot";
  readonly name: string;
  readonly commit: (tx: Transaction, context: { input: never; done: never; id: string }) => void;
}

/** A process across modules, as a list of steps. */
export interface Saga<Input = never> extends SagaReference<Input> {
  readonly version: number;
  readonly input: TObject;
  readonly uses: readonly string[];
  /**
   * The time from start to pivot, in milliseconds; past it the saga turns back. At most a hundred
   * years.
   */
  readonly deadlineMs: number;
  readonly steps: readonly (RunStep | PivotStep)[];
  readonly ended: ((tx: Transaction, end: SagaEnd<never>) => void) | undefined;
}

/** How a saga ended. */
export interface SagaEnd<Input> {
  readonly id: string;
  readonly input: Input;
  readonly outcome: "completed" | "compensated";
  readonly failure: SagaFailure | null;
}

/** A saga to which steps can be added. */
export interface OpenSaga<Input, Done, Uses extends Contract> extends Saga<Input> {
  /**
   * Adds a step. An error declared by a called procedure turns the saga back; a transport error has
   * the step repeated with growing pauses.
   */
  step<Name extends string, Result>(
    name: Name,
    step: Step<Input, Done, Uses, Result>,
  ): OpenSaga<Input, Done & { readonly [K in Name]: Exclude<Result, Wait> }, Uses>;

  /**
   * Adds the point of no return: a transaction of the module's own, in the same commit as the
   * saga's record. After it steps have no compensation and are repeated until they succeed.
   */
  pivot(
    name: string,
    commit: (tx: Transaction, context: { id: string; input: Input; done: Done }) => void,
  ): PivotedSaga<Input, Done, Uses>;

  /** Ends the definition of a saga that has no pivot: every step of it can be undone. */
  ending(work: (tx: Transaction, end: SagaEnd<Input>) => void): Saga<Input>;
}

/** A saga past its pivot. */
export interface PivotedSaga<Input, Done, Uses extends Contract> extends Saga<Input> {
  /** Adds a step that can only go forward. */
  step<Name extends string, Result>(
    name: Name,
    step: Pick<Step<Input, Done, Uses, Result>, "run">,
  ): PivotedSaga<Input, Done & { readonly [K in Name]: Exclude<Result, Wait> }, Uses>;

  /** Runs in the transaction that ends the saga, whichever way it ended. */
  ending(work: (tx: Transaction, end: SagaEnd<Input>) => void): Saga<Input>;
}

/**
 * Begins the definition of a saga: a list of steps, kept as rows, not replayed code.
 *
 * `version` is stored with each saga that starts, and one under way goes on with the definition of
 * its version. To add, remove, rename or move a step, leave the definition as it is, define the
 * saga once more with the next version, start that one, and keep both in the module's `sagas` until
 * none of the older is left: a module does not start while a saga is under way whose version is
 * gone or has other steps than when it began. What a step does may be edited in place.
 *
 * Throws a TypeError when `version` is no whole number from 1 on, or `deadlineMs` no duration above
 * zero of at most a hundred years.
 */
export function saga<Input extends TObject, Uses extends Contract = never>(
  name: string,
  options: {
    readonly version: number;
    readonly input: Input;
    readonly uses?: readonly Uses[];
    readonly deadlineMs: number;
  },
): OpenSaga<Static<Input>, object, Uses> {
  versionNumber(options.version, `The version of the saga ${name}`);
  duration(options.deadlineMs, `The deadlineMs of the saga ${name}`);
  const uses = (options.uses ?? []).map((contract: Contract) => contract[moduleName]);
  return open({ name, ...options, uses, steps: [], ended: undefined });
}

function open<Input, Done, Uses extends Contract>(
  definition: Saga<Input>,
): OpenSaga<Input, Done, Uses> & PivotedSaga<Input, Done, Uses> {
  function extended(step: RunStep | PivotStep) {
    if (definition.steps.some((one) => one.name === step.name)) {
      throw new TypeError(`The saga ${definition.name} has two steps called ${step.name}.`);
    }
    return open({ ...definition, steps: [...definition.steps, step] });
  }
  return Object.freeze({
    ...definition,
    step: (name: string, step: Omit<RunStep, "kind" | "name">) =>
      extended({ kind: "run", name, ...step }),
    pivot: (name: string, commit: PivotStep["commit"]) => extended({ kind: "pivot", name, commit }),
    ending: (ended: Saga<Input>["ended"]) => Object.freeze({ ...definition, ended }),
  }) as never;
}
