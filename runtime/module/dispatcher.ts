import { type CheckedProcedure, checkedProcedure } from "../contract/check.ts";
import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import {
  ContractError,
  DeclarationError,
  DomainError,
  isDeclarationError,
  isDomainError,
  isTransportError,
  TransportError,
} from "../contract/errors.ts";
import { system } from "../contract/identity.ts";
import { answerIn, answerText, hashOf, storeAnswer, storedAnswer } from "../messaging/answers.ts";
import type { CallerMarks } from "../messaging/caller-marks.ts";
import { finishJob, isPlanned, type Job, JobTakenBack } from "../messaging/jobs.ts";
import { synchronous, synchronousFunction } from "../messaging/synchronous.ts";
import type { Transaction } from "../messaging/transaction.ts";
import type { Deadlines } from "../resilience/deadlines.ts";
import type { Read } from "../store/connection.ts";
import { withoutAsyncContext } from "../telemetry/async-context.ts";
import type { Log } from "../telemetry/log.ts";
import type { LoopWatch, SynchronousWork } from "../telemetry/loop-watch.ts";
import { cancelled } from "../transport/cancelled.ts";
import type { Traffic } from "../transport/report.ts";
import type { CallRequest } from "../transport/transport.ts";
import { received } from "../transport/wire-error.ts";
import { type ContextHost, HandlerContext, type Invocation } from "./context.ts";
import type { Handler } from "./handler.ts";
import {
  type CallCounter,
  HANDLER_GIVEN_UP,
  HANDLER_SETTLED,
  RunningCall,
} from "./running-call.ts";
import { failureOf, foreseen, givenUp, tooLateToCommit, unforeseen } from "./told-error.ts";

/** Calls that one module runs at once, at most; past it a call is refused, surely not executed. */
const RUNNING_MAX = 10_000;
const JOB_DEADLINE_MS = 60_000;
const nextTurn = Promise.resolve();

/** A procedure with its handler; its schemas are compiled at the first call, not at the start. */
class Served {
  readonly procedure: Procedure;
  readonly handler: Handler;
  /** The name of its work for the watch. */
  readonly work: SynchronousWork;
  #checks: CheckedProcedure | undefined;

  constructor(procedure: Procedure, handler: Handler) {
    this.procedure = procedure;
    this.handler = handler;
    this.work = { module: procedure.module, what: fullName(procedure) };
  }

  get checks(): CheckedProcedure {
    this.#checks ??= checkedProcedure(this.procedure);
    return this.#checks;
  }
}

/** How a promise is resolved and rejected. */
type Settle = readonly [resolve: (answer: unknown) => void, reject: (error: unknown) => void];

/** What the dispatcher needs of the module that it works for. */
export interface DispatcherHost {
  readonly module: string;
  readonly read: Read;
  readonly log: Log;
  readonly environment: Environment;
  readonly deadlines: Deadlines;
  /** Hears what runs; undefined where nobody watches the event loop. */
  readonly watch?: LoopWatch | undefined;
  /** The low-water marks of callers; undefined where no answer is stored. */
  readonly callers?: CallerMarks;
  /** What handlers get, but for what is the dispatcher's own. */
  readonly context: Omit<ContextHost, "commitAnswer">;
  transact<T>(work: (tx: Transaction) => T, traceId: string): Promise<T>;
}

/** Runs the procedures of one module: checks, limits, deadlines, keyed answers, and errors. */
export class Dispatcher implements CallCounter {
  readonly #host: DispatcherHost;
  readonly #context: ContextHost;
  readonly #served = new Map<string, Served>();
  readonly #underway = new Map<string, { requestHash: string; answer: Promise<unknown> }>();
  /** Refusals that were committed with what they left behind. */
  readonly #committed = new WeakSet<DomainError>();
  #running = 0;
  #idle: (() => void)[] = [];
  #calls = 0;
  #errors = 0;

  constructor(host: DispatcherHost, handlers: readonly Handler[]) {
    this.#host = host;
    this.#context = {
      ...host.context,
      commitAnswer: (invocation, work) => this.#commitAnswer(invocation, work),
    };
    for (const handler of handlers) {
      const { procedure } = handler;
      this.#served.set(procedure.name, new Served(procedure, handler));
    }
  }

  /** How many calls are running, without those that were given up. */
  get running(): number {
    return this.#running;
  }

  /** Resolves when no call is running. */
  idle(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** How much was asked of it. A declared refusal is an answer and no error. */
  get traffic(): Traffic {
    return { inFlight: this.#running, calls: this.#calls, errors: this.#errors };
  }

  /** Runs a procedure for a caller; see `Serve`. */
  serve(procedure: Procedure, input: unknown, request: CallRequest): Promise<unknown> {
    const served = this.#served.get(procedure.name);
    if (served === undefined) {
      return Promise.reject(
        new ContractError(`${this.#host.module} has no procedure ${procedure.name}.`),
      );
    }
    if (this.#running >= RUNNING_MAX) {
      const message = `${this.#host.module} runs ${RUNNING_MAX} calls already. Try again later.`;
      return Promise.reject(new TransportError("OVERLOADED", "no", message, { fault: "callee" }));
    }
    try {
      const copy = served.checks.input.copy(input);
      return request.key === undefined || procedure.kind === "query"
        ? this.#run(served, copy, { procedure, request, requestHash: undefined, job: undefined })
        : this.#runOnce(served, copy, request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs the handler after the caller's turn, and answers by the deadline in any case. */
  #run(served: Served, input: unknown, invocation: Invocation): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { procedure } = served;
      const { request } = invocation;
      const running = this.#begin({ procedure, request, hasHandler: true }, [resolve, reject]);
      this.#calls += 1;
      const work = () => this.#work(served, { input, invocation, running });
      void nextTurn.then(() => withoutAsyncContext(work));
    });
  }

  /** Counts a call among those that run, and ends it at its deadline. */
  #begin(call: ConstructorParameters<typeof RunningCall>[0], settle: Settle): RunningCall {
    const running = new RunningCall(call, this, settle);
    this.#host.deadlines.watch(running);
    this.#running += 1;
    return running;
  }

  /** See `CallCounter`. */
  ended(): void {
    this.#running -= 1;
    if (this.#running > 0 || this.#idle.length === 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** See `CallCounter`. */
  abandoned({ procedure, request }: RunningCall, overdueMs: number): void {
    const { traceId } = request;
    this.#host.log.error(HANDLER_GIVEN_UP, { procedure: fullName(procedure), traceId, overdueMs });
  }

  /** See `CallCounter`. */
  settledLate({ procedure, request: { traceId } }: RunningCall): void {
    this.#host.log.info(HANDLER_SETTLED, { procedure: fullName(procedure), traceId });
  }

  #work(
    served: Served,
    call: {
      readonly input: unknown;
      readonly invocation: Invocation;
      readonly running: RunningCall;
    },
  ): void {
    const { input, invocation, running } = call;
    if (invocation.request.signal?.aborted) {
      running.end();
      return running.fail(cancelled(fullName(served.procedure), "no"));
    }
    try {
      this.#host.watch?.begins(served.work);
      const context = new HandlerContext(this.#context, invocation);
      // The input was copied by the schema of this procedure, and the context has all that a
      // handler of any module may use.
      const result = served.handler.work(input as never, context as never);
      if (result instanceof Promise) {
        result.then(
          (answer: unknown) => {
            this.#host.watch?.hasResumed(served.work);
            context.afterCommands(() => this.#answer(served, answer, { invocation, running }));
          },
          (error: unknown) => context.failed(() => this.#fail(error, invocation, running)),
        );
      } else {
        this.#answer(served, result, { invocation, running });
      }
    } catch (error) {
      this.#fail(error, invocation, running);
    }
  }

  #answer(
    served: Served,
    answer: unknown,
    { invocation, running }: { readonly invocation: Invocation; readonly running: RunningCall },
  ): void {
    const { procedure, checks } = served;
    running.end();
    try {
      if (procedure.kind === "command") running.answer(committedAnswer(invocation));
      else if (invocation.request.asText) running.answer(checks.output.text(answer));
      else running.answer(checks.output.copy(answer));
    } catch (error) {
      const name = fullName(procedure);
      this.#errors += 1;
      this.#host.log.error("a procedure broke its contract", { procedure: name, error });
      running.fail(failureOf(procedure, error));
    }
  }

  #fail(error: unknown, invocation: Invocation, running: RunningCall): void {
    running.end();
    const told = this.#toCaller(error, invocation);
    running.fail(invocation.job === undefined ? received(told) : told);
  }

  /** Runs a keyed command, unless its answer is stored or on its way. */
  #runOnce(served: Served, input: unknown, request: CallRequest): Promise<unknown> {
    const { procedure } = served;
    const key = { caller: request.caller, key: request.key ?? "", procedure: procedure.name };
    const id = `${key.caller}\n${key.procedure}\n${key.key}`;
    const requestHash = hashOf(request.sent ?? input);
    const { repeatsSinceMs } = request;
    if (repeatsSinceMs !== undefined) this.#host.callers?.hear(key.caller, repeatsSinceMs);
    const underway = this.#underway.get(id);
    if (underway !== undefined) {
      if (underway.requestHash !== requestHash) return Promise.reject(mismatch(procedure, key.key));
      const joined = this.#join(underway.answer, served, request);
      return joined.catch((error) => this.#insist(error, { procedure, input, request }));
    }
    const stored = storedAnswer(this.#host.read, key);
    if (stored !== undefined) {
      if (stored.requestHash !== requestHash) return Promise.reject(mismatch(procedure, key.key));
      return Promise.resolve(answerIn(stored.answer, procedure));
    }
    const invocation = { procedure, request, requestHash, job: undefined };
    const answer = this.#run(served, input, invocation).finally(() => this.#underway.delete(id));
    this.#underway.set(id, { requestHash, answer });
    return answer.then((own) => served.checks.output.copy(own));
  }

  /** Waits for the answer to the same call, which is under way, while this one has time. */
  #join(first: Promise<unknown>, served: Served, request: CallRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { procedure, checks } = served;
      const waiting = this.#begin({ procedure, request, hasHandler: false }, [resolve, reject]);
      first
        .finally(() => waiting.end())
        .then((answer) => waiting.answer(checks.output.copy(answer)))
        .catch((error: unknown) => waiting.fail(received(error)));
    });
  }

  /** What the other who sent the same has given up, one who has not runs again. */
  #insist(
    error: unknown,
    call: { readonly procedure: Procedure; readonly input: unknown; readonly request: CallRequest },
  ): Promise<unknown> {
    const { procedure, input, request } = call;
    const isOthers = isTransportError(error) && error.code === "CANCELLED";
    if (!isOthers || request.signal?.aborted) throw error;
    return this.serve(procedure, input, request);
  }

  #commitAnswer(invocation: Invocation, work: (tx: Transaction) => unknown): Promise<unknown> {
    const { procedure, request, requestHash } = invocation;
    const { environment } = this.#host;
    // The handler that commits was found in the same map.
    const served = this.#served.get(procedure.name) as Served;
    const { output } = served.checks;
    const name = fullName(procedure);
    const where = `The transaction of ${name}`;
    const answered = synchronousFunction(work, where);
    let given: unknown;
    const committed = this.#host.transact((tx) => {
      if (environment.monotonic() >= request.deadlineAtMs)
        throw tooLateToCommit(name, request.timeoutMs);
      if (request.signal?.aborted) throw givenUp(name);
      this.#host.watch?.begins(served.work);
      finish(tx, invocation);
      given = synchronous(answered(tx), where);
      // What another module has refused is no answer of this one.
      if (isDomainError(given) && given.procedure !== name) throw given;
      const answer = isDomainError(given) ? given : output.copy(given);
      if (requestHash !== undefined) {
        const key = { caller: request.caller, key: request.key ?? "", procedure: procedure.name };
        storeAnswer(tx, key, { requestHash, answer: answerText(answer), atMs: tx.now });
        this.#storeMark(tx, request);
      }
      return answer;
    }, request.traceId);
    return committed.then((answer) => {
      invocation.committed = this.#unlessRefused(answer);
      // The handler keeps what is its own: it may change that, and the answer is not changed.
      return given;
    });
  }

  #storeMark(tx: Transaction, { caller, repeatsSinceMs }: CallRequest): void {
    if (repeatsSinceMs === undefined) return;
    this.#host.callers?.store(tx, caller, { sinceMs: repeatsSinceMs, nowMs: tx.now });
  }

  /** Throws a refusal that was committed, for whoever awaits the answer. */
  #unlessRefused(answer: unknown): unknown {
    if (!isDomainError(answer)) return answer;
    this.#committed.add(answer);
    throw answer;
  }

  /**
   * Runs a planned command; its transaction also removes the job. A refusal that was committed with
   * that is the end of it.
   */
  runJob(job: Job): Promise<unknown> {
    const served = this.#served.get(job.command);
    if (served === undefined) {
      return Promise.reject(
        new DeclarationError(`${this.#host.module} has no command ${job.command} any more.`),
      );
    }
    const deadlineAtMs = this.#host.environment.monotonic() + JOB_DEADLINE_MS;
    const { traceId } = job;
    const request = {
      caller: this.#host.module,
      identity: system,
      traceId,
      deadlineAtMs,
      key: undefined,
      asText: false,
    };
    const invocation = { procedure: served.procedure, request, requestHash: undefined, job };
    const input = served.checks.input.copy(JSON.parse(job.input));
    return this.#run(served, input, invocation).catch((error: unknown) => {
      if (error instanceof JobTakenBack) this.#host.log.info(error.message, { traceId });
      else if (!isDomainError(error) || !this.#committed.has(error)) throw error;
    });
  }

  /**
   * What the caller is told: a declared error as it is, a failing disk as what may be tried again,
   * anything else without its inside.
   */
  #toCaller(error: unknown, { procedure, request, job }: Invocation): unknown {
    const answer = error instanceof JobTakenBack ? error : foreseen(error, procedure);
    if (answer !== undefined) return answer;
    this.#errors += 1;
    const { traceId } = request;
    this.#host.log.error("procedure failed", { procedure: fullName(procedure), traceId, error });
    return job !== undefined && isDeclarationError(error) ? error : unforeseen(error, procedure);
  }
}

/** The answer of a command that has returned: checked and copied when it was committed. */
function committedAnswer({ procedure, committed }: Invocation): unknown {
  if (committed !== undefined) return committed;
  throw new ContractError(
    `${fullName(procedure)} returned without its transaction: what a command answers is what its ` +
      "transaction returns.",
  );
}

function mismatch(procedure: Procedure, key: string): DomainError {
  return new DomainError("IDEMPOTENCY_MISMATCH", { key }, fullName(procedure));
}

/** Removes the job that a command is run for. Throws when it was taken back meanwhile. */
function finish(tx: Transaction, { job, hasReplacedJob }: Invocation): void {
  if (job === undefined || finishJob(tx, job) || hasReplacedJob === true) return;
  if (!isPlanned(tx, job.command, job.key)) throw new JobTakenBack(job);
}
