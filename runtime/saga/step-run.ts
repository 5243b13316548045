import type { CallOptions } from "../contract/call.ts";
import { checked } from "../contract/check.ts";
import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { ContractError, isDomainError, TransportError } from "../contract/errors.ts";
import { type Deadlines, TimedWork } from "../resilience/deadlines.ts";
import type { Log } from "../telemetry/log.ts";
import type { RecordedCommand, SagaRecord, StepNotes } from "./journal.ts";
import { idFrom } from "./step-id.ts";

/** How long a step may run without an open call before it is given up, in milliseconds. */
const STEP_IDLE_MS = 10_000;

/** Calls a procedure for a step; its key and trace are given. */
export type StepCall = (
  procedure: Procedure,
  input: unknown,
  options: CallOptions & {
    readonly traceId: string;
    /** Time until the saga's deadline, in milliseconds. */
    readonly leftMs: number;
    /** Aborts when the step has failed. */
    readonly stepSignal: AbortSignal;
  },
) => Promise<unknown>;

/** What the run of a step needs of its saga. */
export interface StepHost {
  readonly record: SagaRecord;
  readonly environment: Environment;
  readonly log: Log;
  readonly deadlines: Deadlines;
  readonly call: StepCall;
  /** Time until the saga's deadline, in milliseconds; Infinity when none applies. */
  leftMs(): number;
  /** Writes the record as it is when the unit runs. */
  save(): Promise<void>;
}

/** A command that a step calls. */
interface Command {
  readonly procedure: Procedure;
  readonly key: string;
  readonly isNamed: boolean;
  /** True when another command of the step was open at the same time. */
  raced: boolean;
}

/**
 * One run of a step or of its compensation: its calls, clock and ids.
 *
 * Commands are keyed by saga, id, step, and the name that the step gives or the call's position. A
 * repetition of the step sends the same keys with the same inputs: ids follow from the saga's
 * record and their position; the clock, and the input of a command that is called after the clock
 * was read, are on disk before the command is sent.
 *
 * No call outlives the run: when the step fails its open calls are aborted, when it returns they
 * are awaited. A call ends by its own deadline; a step that has had no call open for ten seconds
 * and has not settled is given up.
 */
export class StepRun extends TimedWork {
  readonly #host: StepHost;
  readonly #step: string;
  readonly #controller = new AbortController();
  readonly #calls = new Set<Promise<unknown>>();
  readonly #open = new Set<Command>();
  readonly #ids = new Map<string, number>();
  #positions = 0;
  #clockMs: number | undefined;
  /** True when an answer may be another one in a repetition, or come in another order. */
  #mayDiffer = false;
  /** A mistake of the step that its own `catch` must not hide. */
  #fault: ContractError | undefined;
  #isOver = false;
  #giveUp: (error: TransportError) => void = () => {};

  constructor(host: StepHost, step: string) {
    super(host.environment.monotonic() + STEP_IDLE_MS);
    this.#host = host;
    this.#step = step;
  }

  /** Aborts when the step has failed. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * True when a repetition is sure to find the same: the step called commands alone, one after the
   * other, each of which was answered, and did not read the clock or has it on disk.
   */
  get isRepeatable(): boolean {
    const isClockKnown = this.#clockMs === undefined || this.#notes?.clockMs === this.#clockMs;
    return isClockKnown && !this.#mayDiffer;
  }

  /**
   * Runs `work`, and settles when none of its calls is open. Rejects with a mistake that the
   * author must mend, whatever `work` made of it, and with DEADLINE when it is given up.
   */
  async do(work: () => Promise<unknown>): Promise<unknown> {
    try {
      const result = await this.#unlessGivenUp(work);
      await this.#end();
      if (this.#fault === undefined) return result;
    } catch (error) {
      this.#controller.abort();
      await this.#end();
      throw this.#fault ?? error;
    }
    throw this.#fault;
  }

  async #unlessGivenUp(work: () => Promise<unknown>): Promise<unknown> {
    this.#host.deadlines.watch(this);
    try {
      return await new Promise((resolve, reject) => {
        this.#giveUp = reject;
        work().then(resolve, reject);
      });
    } finally {
      if (this.watcher !== undefined) this.#host.deadlines.forget(this);
    }
  }

  override expire(nowMs: number, deadlines: Deadlines): void {
    if (this.#calls.size > 0) this.dueAtMs = nowMs + STEP_IDLE_MS;
    if (this.dueAtMs > nowMs) return deadlines.watch(this);
    const { name, id } = this.#host.record;
    this.#giveUp(
      new TransportError(
        "DEADLINE",
        "unknown",
        `The step ${this.#step} of the saga ${name} ${id} has not settled, and has had no call ` +
          `open, for ${STEP_IDLE_MS} ms; it is given up. Set a time limit for what it awaits.`,
        { fault: "callee" },
      ),
    );
  }

  /** Waits for the calls that are open, and lets no other begin. */
  async #end(): Promise<void> {
    while (this.#calls.size > 0) {
      for (const ended of await Promise.allSettled(this.#calls)) {
        if (ended.status === "rejected" && !this.#controller.signal.aborted) {
          this.#tellUnawaited(ended.reason);
        }
      }
    }
    this.#isOver = true;
  }

  #tellUnawaited(error: unknown): void {
    const { log, record } = this.#host;
    const { name, id, traceId } = record;
    const message = "a call that a saga's step did not await has failed";
    log.warn(message, { saga: name, id, step: this.#step, traceId, error });
  }

  readonly now = (): number => {
    this.#clockMs ??= this.#notes?.clockMs ?? this.#host.environment.now();
    return this.#clockMs;
  };

  readonly newId = (prefix: string): string => {
    const { traceId, name, id, startedAtMs } = this.#host.record;
    const position = this.#ids.get(prefix) ?? 0;
    this.#ids.set(prefix, position + 1);
    const text = JSON.stringify([traceId, name, id, this.#step, prefix, position]);
    return idFrom(text, { prefix, atMs: startedAtMs });
  };

  readonly call = (
    procedure: Procedure,
    input: unknown,
    options?: CallOptions,
  ): Promise<unknown> => {
    if (this.#isOver) return Promise.reject(this.#tooLate(procedure));
    const call = this.#started(procedure, input, options);
    this.#calls.add(call);
    const end = () => {
      this.#calls.delete(call);
      this.dueAtMs = this.#host.environment.monotonic() + STEP_IDLE_MS;
    };
    call.then(end, end);
    return call;
  };

  #started(procedure: Procedure, input: unknown, options?: CallOptions): Promise<unknown> {
    const key = this.#keyOf(options?.key);
    if (procedure.kind === "query") {
      this.#mayDiffer = true;
      return this.#send({ procedure, key }, input, options);
    }
    const isNamed = options?.key !== undefined && this.#host.record.hasNamedKeys;
    const command = this.#begin({ procedure, key, isNamed, raced: false });
    const mustRecord = this.#clockMs !== undefined || this.#notes?.commands[key] !== undefined;
    const answer = mustRecord
      ? this.#recorded(command, input).then((first) => this.#send(command, first, options))
      : this.#send(command, input, options);
    return answer
      .catch((error: unknown) => {
        this.#mayDiffer = true;
        throw isMismatch(error, procedure) ? this.#mistake(command) : error;
      })
      .finally(() => this.#open.delete(command));
  }

  #send(
    { procedure, key }: Pick<Command, "procedure" | "key">,
    input: unknown,
    options?: CallOptions,
  ): Promise<unknown> {
    const { record, call } = this.#host;
    const { traceId } = record;
    const [leftMs, stepSignal] = [this.#host.leftMs(), this.signal];
    const about = { key, traceId, leftMs, stepSignal };
    return call(procedure, input, { ...options, ...about });
  }

  #tooLate(procedure: Procedure): ContractError {
    const { name, id } = this.#host.record;
    return new ContractError(
      `The step ${this.#step} of the saga ${name} ${id} called ${fullName(procedure)} after it ` +
        `was over. Await everything that a step begins.`,
    );
  }

  /** The key of the next call. A name cannot be taken for a position: it stands in quotes. */
  #keyOf(name: string | undefined): string {
    const { record } = this.#host;
    const position = this.#positions++;
    const last = name === undefined || !record.hasNamedKeys ? position : JSON.stringify(name);
    return `${record.name}/${record.id}/${this.#step}/${last}`;
  }

  #begin(command: Command): Command {
    for (const other of this.#open) {
      command.raced = true;
      other.raced = true;
      this.#mayDiffer = true;
      const recorded = this.#recordOf(other);
      if (recorded !== undefined) recorded.raced = true;
    }
    this.#open.add(command);
    return command;
  }

  /** What was recorded of this step before. */
  get #notes(): StepNotes | undefined {
    const { stepNotes } = this.#host.record;
    return stepNotes?.step === this.#step ? stepNotes : undefined;
  }

  #recordOf({ procedure, key }: Command): RecordedCommand | undefined {
    const name = fullName(procedure);
    return this.#notes?.commands[key]?.find((one) => one.procedure === name);
  }

  /**
   * The input to send: the one that was recorded under the key, or this one once it is on disk with
   * the clock. A command may be sent again when its input has changed with the clock after a wait:
   * its first input is the one that counts. Another procedure has answers of its own under the same
   * key, and is another command, unless the calls may have changed places.
   */
  async #recorded(command: Command, given: unknown): Promise<unknown> {
    const { record } = this.#host;
    const { procedure, key, raced } = command;
    const name = fullName(procedure);
    const input = checked(procedure.input, `The input of ${name}`).copy(given);
    const notes = this.#notes ?? { step: this.#step, clockMs: null, commands: {} };
    const known = this.#recordOf(command);
    if (known !== undefined) {
      if (Bun.deepEquals(known.input, input)) return input;
      if (command.isNamed || !known.raced) return known.input;
      throw this.#mistake(command);
    }
    const others = notes.commands[key] ?? [];
    if (!command.isNamed && others.some((one) => one.raced)) throw this.#mistake(command);
    record.stepNotes = notes;
    notes.clockMs ??= this.#clockMs ?? null;
    const recorded = { procedure: name, input, raced };
    notes.commands[key] = [...others, recorded];
    try {
      await this.#host.save();
    } catch (error) {
      notes.commands[key] = notes.commands[key].filter((one) => one !== recorded);
      throw error;
    }
    return input;
  }

  #mistake({ procedure, key }: Command): ContractError {
    const { name, id } = this.#host.record;
    this.#fault ??= new ContractError(
      `The step ${this.#step} of the saga ${name} ${id} called ${fullName(procedure)} again with ` +
        `another input under the key ${key}. Take times and ids from the step's context (now, ` +
        `newId), and give calls that run at the same time keys of their own: ` +
        `call(${fullName(procedure)}, …, { key: "…" }).`,
    );
    return this.#fault;
  }
}

/** Tells whether the callee has answered the key for another input; unless it may say so itself. */
function isMismatch(error: unknown, procedure: Procedure): boolean {
  return (
    isDomainError(error) &&
    error.code === "IDEMPOTENCY_MISMATCH" &&
    error.procedure === fullName(procedure) &&
    procedure.errors["IDEMPOTENCY_MISMATCH"] === undefined
  );
}
