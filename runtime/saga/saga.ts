import type { Static, TObject } from "@sinclair/typebox";
import type { Call } from "../contract/call.ts";
import type { Procedure } from "../contract/contract.ts";
import { assertName } from "../contract/names.ts";
import { settleSchema } from "../contract/schema.ts";
import { duration, timePoint, versionNumber } from "../contract/time.ts";
import { synchronousFunction } from "../messaging/synchronous.ts";
import type { SagaReference, Synchronous, Transaction } from "../messaging/transaction.ts";
import { type JsonCompatible, jsonCopy } from "./json-value.ts";

/**
 * What a step can see and do.
 *
 * Its calls of commands are keyed by saga, id, step, and the call's position in the step or the
 * `key` that its options name, so that a repetition of the step has no second effect. Commands that
 * are called at the same time need a `key` each: their positions may differ in a repetition. A key
 * that is repeated with another input is a defect of the step: the saga gets stuck.
 */
export interface StepContext<Input, Done, Used extends Procedure = never> {
  /** The id under which the saga was started. */
  readonly id: string;
  readonly input: Input;
  /** The results of the earlier steps, by name. */
  readonly done: Done;
  readonly call: Call<Used>;
  /** True when the step has waited and its time is over. */
  readonly late: boolean;
  /**
   * The time of this run of the step, in milliseconds since 1970: when the step first asked. It is
   * the same when the step is repeated after a command was called with it, and a new one after the
   * step has waited. A command that was called before the wait keeps its first input.
   */
  now(): number;
  /** A new id: the prefix, an underscore and a UUIDv7. A repetition of the step gets the same. */
  newId(prefix: string): string;
  /**
   * Aborts when the step has failed. Its open calls are given up then, and the step is undone or
   * repeated when all of them have ended; calls that are open when the step returns are awaited.
   */
  readonly signal: AbortSignal;
}

/**
 * Ends the way forward with a reason, and starts the compensation.
 *
 * `data` is copied. Throws a ContractError when JSON would change it, or when it is over 1 MiB.
 */
export class SagaRefusal<Data = unknown> extends Error {
  override readonly name = "SagaRefusal";
  readonly code: string;
  readonly data: Data;

  // Without data, Data is unknown unless the caller names another type.
  constructor(code: string, data: Data & JsonCompatible<Data> = null as never) {
    super(`The saga gave up: ${code}`);
    this.code = code;
    // The copy of what JSON does not change has its type.
    this.data = jsonCopy(data, `The data of the refusal ${code}`) as Data;
  }
}

/**
 * Returned by a step that waits for something outside: it is run again when woken, or at
 * `untilMs`.
 */
export class Wait {
  readonly untilMs: number;
  /** Keeps a step's result that has a property `untilMs` from having this type. */
  protected readonly isWait = true;

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

/** What later steps see of a step that returned `Result`. */
type Kept<Result> = unknown extends Result
  ? Result
  : Result extends Wait
    ? never
    : undefined extends Result
      ? null
      : Result;

/** Refuses a step whose result JSON would change, such as a Date or a Map. */
type JsonResult<Result> = [Kept<Result>] extends [JsonCompatible<Kept<Result>>]
  ? unknown
  : { readonly run: "A step returns null, booleans, numbers, strings, arrays and plain objects." };

/** A step before the pivot: what it does across modules, and how to undo it. */
export interface Step<Input, Done, Used extends Procedure, Result> {
  readonly run: (context: StepContext<Input, Done, Used>) => Promise<Result | Wait>;
  /**
   * Undoes the step, also when it is unknown whether it ran. It gets no result of the step: undo by
   * an id known before, and succeed when there is nothing to undo.
   */
  readonly compensate?: (
    context: Omit<StepContext<Input, unknown, Used>, "done">,
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
  readonly commit: (tx: Transaction, context: { input: never; done: never; id: string }) => unknown;
}

/** A process across modules, as a list of steps. `Used` are the procedures that these may call. */
export interface Saga<Input = never, Used extends Procedure = Procedure>
  extends SagaReference<Input> {
  readonly version: number;
  readonly input: TObject;
  readonly uses: readonly Used[];
  /**
   * The time from start to pivot, in milliseconds; past it the saga turns back. At most a hundred
   * years.
   */
  readonly deadlineMs: number;
  /** Fields of the input that are removed from the record; see `SagaOptions`. */
  readonly secrets: readonly string[];
  readonly steps: readonly (RunStep | PivotStep)[];
  readonly ended: ((tx: Transaction, end: SagaEnd<never>) => unknown) | undefined;
}

/** How a saga ended. */
export interface SagaEnd<Input> {
  readonly id: string;
  readonly input: Input;
  readonly outcome: "completed" | "compensated";
  readonly failure: SagaFailure | null;
}

/** A saga to which steps can be added. */
export interface OpenSaga<Input, Done, Used extends Procedure> extends Saga<Input, Used> {
  /**
   * Adds a step. An error declared by a called procedure turns the saga back; a transport error has
   * the step repeated with growing pauses.
   *
   * The result is copied when the step returns, and is the same after a restart; undefined is kept
   * as null. A result that JSON would change (a Date, a Map, NaN), or of over 1 MiB, is a defect of
   * the step: it is repeated a few times, then the saga is stuck.
   */
  step<Name extends string, Result>(
    name: Name,
    step: Step<Input, Done, Used, Result> & JsonResult<Result>,
  ): OpenSaga<Input, Done & { readonly [K in Name]: Kept<Result> }, Used>;

  /**
   * Adds the point of no return: a transaction of the module's own, in the same commit as the
   * saga's record. After it steps have no compensation and are repeated until they succeed.
   */
  pivot<Result>(
    name: string,
    commit: (
      tx: Transaction,
      context: { id: string; input: Input; done: Done },
    ) => Synchronous<Result>,
  ): PivotedSaga<Input, Done, Used>;

  /** Ends the definition of a saga that has no pivot: every step of it can be undone. */
  ending<Result>(
    work: (tx: Transaction, end: SagaEnd<Input>) => Synchronous<Result>,
  ): Saga<Input, Used>;
}

/** A saga past its pivot. */
export interface PivotedSaga<Input, Done, Used extends Procedure> extends Saga<Input, Used> {
  /** Adds a step that can only go forward. */
  step<Name extends string, Result>(
    name: Name,
    step: Pick<Step<Input, Done, Used, Result>, "run"> & JsonResult<Result>,
  ): PivotedSaga<Input, Done & { readonly [K in Name]: Kept<Result> }, Used>;

  /** Runs in the transaction that ends the saga, whichever way it ended. */
  ending<Result>(
    work: (tx: Transaction, end: SagaEnd<Input>) => Synchronous<Result>,
  ): Saga<Input, Used>;
}

/** What is said of a saga before its steps. */
export interface SagaOptions<Input extends TObject> {
  readonly version: number;
  readonly input: Input;
  /** The time from start to pivot, in milliseconds; past it the saga turns back. */
  readonly deadlineMs: number;
  /**
   * Optional fields of the input that only steps before the pivot need, such as a card token. They
   * are removed from the saga's record with the pivot's commit, when it turns back, or at its end.
   */
  readonly secrets?: readonly (keyof Static<Input> & string)[];
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
 * The steps of this one call no other module: a saga whose steps do begins with the `saga` that
 * `declareUses` returns.
 *
 * Throws a TypeError when `version` is no whole number from 1 on, `deadlineMs` no duration above
 * zero of at most a hundred years, a secret is a required field, or the saga or a step is not
 * called by letters, digits, _ and -; the name of a saga may have parts with dots between them.
 */
export function saga<Input extends TObject>(
  name: string,
  options: SagaOptions<Input>,
): OpenSaga<Static<Input>, object, never> {
  return sagaUsing([], name, options);
}

/** Begins the definition of a saga whose steps may call these procedures. */
export function sagaUsing<Used extends Procedure, Input extends TObject>(
  uses: readonly Used[],
  name: string,
  options: SagaOptions<Input>,
): OpenSaga<Static<Input>, object, Used> {
  assertName(name, "A saga", { isDotted: true });
  versionNumber(options.version, `The version of the saga ${name}`);
  duration(options.deadlineMs, `The deadlineMs of the saga ${name}`);
  settleSchema(options.input, `The saga ${name} input`);
  const { secrets = [] } = options;
  for (const secret of secrets) {
    if (options.input.required?.includes(secret) !== true) continue;
    throw new TypeError(
      `The saga ${name} removes ${secret} from its input, which requires it. Make it t.Optional.`,
    );
  }
  return open({ name, ...options, secrets, uses, steps: [], ended: undefined });
}

function open<Input, Done, Used extends Procedure>(
  definition: Saga<Input, Used>,
): OpenSaga<Input, Done, Used> & PivotedSaga<Input, Done, Used> {
  function extended(step: RunStep | PivotStep) {
    assertName(step.name, `A step of the saga ${definition.name}`);
    if (definition.steps.some((one) => one.name === step.name)) {
      throw new TypeError(`The saga ${definition.name} has two steps called ${step.name}.`);
    }
    return open({ ...definition, steps: [...definition.steps, step] });
  }
  // Which of the methods there are, and what has been done before, is known by type alone.
  return Object.freeze({
    ...definition,
    step: (name: string, step: Omit<RunStep, "kind" | "name">) =>
      extended({ kind: "run", name, ...step }),
    pivot(name: string, commit: PivotStep["commit"]) {
      synchronousFunction(commit, pivotName(definition.name, name));
      return extended({ kind: "pivot", name, commit });
    },
    ending(ended: NonNullable<Saga<Input>["ended"]>) {
      return Object.freeze({
        ...definition,
        ended: synchronousFunction(ended, endingName(definition.name)),
      });
    },
  }) as never;
}

/** How messages call the pivot of a saga. */
export function pivotName(saga: string, step: string): string {
  return `The pivot ${step} of the saga ${saga}`;
}

/** How messages call the end of a saga. */
export function endingName(saga: string): string {
  return `The ending of the saga ${saga}`;
}
