import { type CheckedProcedure, checkedProcedure } from "../contract/check.ts";
import { fullName, moduleName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import {
  ContractError,
  Defect,
  DomainError,
  isDomainError,
  isTransportError,
  TransportError,
} from "../contract/errors.ts";
import { system } from "../contract/identity.ts";
import { hashOf, storeAnswer, storedAnswer } from "../messaging/answers.ts";
import { Inbox, type TracedTransaction } from "../messaging/inbox.ts";
import { type Job, Jobs, removeJob } from "../messaging/jobs.ts";
import { outboxOf } from "../messaging/outbox.ts";
import { removeExpired } from "../messaging/retention.ts";
import type { Transaction } from "../messaging/transaction.ts";
import { SagaEngine } from "../saga/engine.ts";
import type { Database } from "../store/database.ts";
import type { Log } from "../telemetry/log.ts";
import type { CallRequest, Envelope, Transport } from "../transport/transport.ts";
import { CALL_DEADLINE_MS, Caller } from "./caller.ts";
import { type ContextHost, HandlerContext, type Invocation } from "./context.ts";
import { type Deadlines, Underway } from "./deadlines.ts";
import type { Module } from "./define-module.ts";
import type { Handler } from "./handler.ts";
import { KernelTransaction } from "./kernel-transaction.ts";
import { operationHandlers } from "./operations.ts";
import type { Port } from "./port.ts";

/**
 * Calls that one module runs at once, at most; past it a call is refused, certainly not executed.
 */
const RUNNING_MAX = 10_000;
const JOB_DEADLINE_MS = 60_000;
/** When old rows are looked for: after the start, after a full batch, and otherwise. */
const TIDY_FIRST_MS = 60_000;
const TIDY_AGAIN_MS = 100;
const TIDY_EVERY_MS = 3_600_000;

const nextTurn = Promise.resolve();

interface Served {
  readonly procedure: Procedure;
  readonly handler: Handler;
  readonly checks: CheckedProcedure;
}

/** What a hosted module stands on. */
export interface HostedModuleOptions {
  readonly module: Module;
  readonly database: Database;
  readonly transport: Transport;
  readonly deadlines: Deadlines;
  readonly environment: Environment;
  readonly log: Log;
  readonly ports: ReadonlyMap<string, unknown>;
}

/**
 * A module at work in this process: its procedures, reactions, jobs and sagas over its database.
 */
export class HostedModule {
  readonly name: string;
  readonly engine: SagaEngine;
  readonly database: Database;
  readonly #options: HostedModuleOptions;
  readonly #served = new Map<string, Served>();
  readonly #jobs: Jobs;
  readonly #context: ContextHost;
  readonly #underway = new Map<string, { requestHash: string; answer: Promise<unknown> }>();
  #publish: (envelopes: readonly Envelope[]) => void = () => {};
  #withdraw: () => void = () => {};
  #stopTidying: () => void = () => {};
  #running = 0;

  constructor(options: HostedModuleOptions) {
    const { module, database, environment, log, ports } = options;
    this.name = module.contract[moduleName];
    this.database = database;
    this.#options = options;
    const allowed = new Set(module.uses.map((contract) => contract[moduleName]));
    const caller = new Caller(this.name, allowed, options);
    const parts = {
      log,
      environment,
      read: database,
      transact: <T>(work: (tx: TracedTransaction) => T) => this.transact(work),
    };
    this.engine = new SagaEngine(
      {
        ...parts,
        call: (procedure, input, { traceId, key, deadlineMs = CALL_DEADLINE_MS }) => {
          const deadlineAtMs = environment.monotonic() + deadlineMs;
          const origin = { identity: system, traceId, deadlineAtMs };
          const options = key === undefined ? undefined : { key };
          return caller.call(procedure, input, { origin, options });
        },
      },
      module.sagas,
    );
    this.#jobs = new Jobs({ ...parts, runJob: (job) => this.#runJob(job) });
    this.#context = {
      read: database,
      log,
      caller,
      now: () => environment.now(),
      newId: (prefix) => environment.newId(prefix),
      port: (port) => opened(port, ports, this.name),
      settled: (saga, id, withinMs) => this.engine.settled(saga.name, id, withinMs),
      intend: (request, work) => this.transact(work, request.traceId),
      commitAnswer: (invocation, work) => this.#commitAnswer(invocation, work),
    };
    for (const handler of [...Object.values(module.handlers), ...operationHandlers(this)]) {
      const { procedure } = handler;
      const checks = checkedProcedure(procedure);
      this.#served.set(procedure.name, { procedure, handler, checks });
    }
  }

  /** Offers the module to others, and takes up its events, jobs and sagas where they stand. */
  start(): void {
    const { transport, module } = this.#options;
    this.#publish = transport.publish(outboxOf(this.database, this.name));
    this.#withdraw = transport.serve(this.name, (procedure, input, request) =>
      this.#serve(procedure, input, request),
    );
    for (const [producer, reactions] of byProducer(module)) {
      const inbox = new Inbox(
        {
          log: this.#options.log,
          environment: this.#options.environment,
          read: this.database,
          transact: (work) => this.transact(work),
        },
        producer,
        reactions,
      );
      transport.subscribe({
        consumer: this.name,
        producer,
        events: reactions.map((one) => one.event.name),
        position: inbox.position,
        deliver: (envelopes) => inbox.deliver(envelopes),
      });
    }
    this.engine.start();
    this.#jobs.start();
    this.#tidyLater(TIDY_FIRST_MS);
  }

  /**
   * Runs a unit of this module's writer; what it emits, starts, wakes and plans follows the
   * commit.
   */
  async transact<T>(work: (tx: KernelTransaction) => T, traceId?: string): Promise<T> {
    const { environment } = this.#options;
    let last: KernelTransaction | undefined;
    const result = await this.database.writer.run(() => {
      const host = {
        module: this.name,
        read: this.database,
        engine: this.engine,
        newId: environment.newId,
      };
      const tx = new KernelTransaction(
        host,
        traceId ?? environment.newTraceId(),
        environment.now(),
      );
      last = tx;
      return synchronous(work(tx), this.name);
    });
    if (last !== undefined) this.#committed(last);
    return result;
  }

  /**
   * Resolves when nothing is under way: no call, no job that is due, no saga but those that wait.
   */
  async idle(): Promise<void> {
    await this.engine.idle();
    await this.#jobs.idle();
    await this.database.writer.idle();
  }

  /** Reacts to a buried event again, in the open transaction. */
  reactTo(
    tx: Transaction,
    { source, name, payload }: { source: string; name: string; payload: string },
  ): void {
    for (const { event, work } of this.#options.module.reactions) {
      if (event.module === source && fullName(event) === name) {
        work(tx, JSON.parse(payload) as never);
      }
    }
  }

  /** True while a call, a due job, a saga that does not wait, or a write is under way. */
  get busy(): boolean {
    const { writer } = this.database;
    return this.#running > 0 || writer.waiting > 0 || this.engine.busy || this.#jobs.busy;
  }

  /** Takes no more work and resolves when what was begun is durable. The database stays open. */
  async stop(): Promise<void> {
    this.#stopTidying();
    await this.#jobs.stop();
    await this.engine.stop();
    while (this.#running > 0) {
      await new Promise<void>((resolve) => this.#options.environment.defer(resolve));
    }
    this.#withdraw();
    await this.database.writer.idle();
  }

  /** Removes rows past their retention, a batch at a time. */
  #tidyLater(delayMs: number): void {
    this.#stopTidying = this.#options.environment.after(delayMs, () => {
      this.transact((tx) => removeExpired(tx, tx.now)).then(
        (more) => this.#tidyLater(more ? TIDY_AGAIN_MS : TIDY_EVERY_MS),
        (error: unknown) => {
          this.#options.log.warn("old rows not removed yet", { error });
          this.#tidyLater(TIDY_EVERY_MS);
        },
      );
    });
  }

  #committed(tx: KernelTransaction): void {
    if (tx.events.length > 0) this.#publish(tx.events);
    for (const record of tx.sagas) this.engine.begin(record);
    for (const { name, id } of tx.wakes) this.engine.wake(name, id);
    if (tx.jobDueAtMs !== Number.POSITIVE_INFINITY) this.#jobs.notice(tx.jobDueAtMs);
  }

  #serve(procedure: Procedure, input: unknown, request: CallRequest): Promise<unknown> {
    const served = this.#served.get(procedure.name);
    if (served === undefined) {
      return Promise.reject(new ContractError(`${this.name} has no procedure ${procedure.name}.`));
    }
    if (this.#running >= RUNNING_MAX) {
      const message = `${this.name} runs ${RUNNING_MAX} calls already. Try again later.`;
      return Promise.reject(new TransportError("OVERLOADED", "no", message));
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
      const { deadlineAtMs } = invocation.request;
      const underway = new Underway({ procedure: served.procedure, deadlineAtMs }, resolve, reject);
      this.#options.deadlines.watch(underway);
      this.#running += 1;
      void nextTurn.then(() => this.#work(served, { input, invocation, underway }));
    });
  }

  #work(
    served: Served,
    call: { readonly input: unknown; readonly invocation: Invocation; readonly underway: Underway },
  ): void {
    const { input, invocation, underway } = call;
    try {
      const context = new HandlerContext(this.#context, invocation);
      const result = served.handler.work(input as never, context as never);
      if (result instanceof Promise) {
        result.then(
          (answer: unknown) => this.#answer(served, answer, underway),
          (error: unknown) => this.#fail(error, invocation, underway),
        );
      } else {
        this.#answer(served, result, underway);
      }
    } catch (error) {
      this.#fail(error, invocation, underway);
    }
  }

  #answer(served: Served, answer: unknown, underway: Underway): void {
    const { procedure, checks } = served;
    this.#running -= 1;
    try {
      underway.answer(procedure.kind === "query" ? checks.output.copy(answer) : answer);
    } catch (error) {
      const name = fullName(procedure);
      this.#options.log.error("a query broke its contract", { procedure: name, error });
      underway.fail(new Defect(`${name} failed: its answer does not fit its contract.`));
    }
  }

  #fail(error: unknown, invocation: Invocation, underway: Underway): void {
    this.#running -= 1;
    underway.fail(this.#toCaller(error, invocation));
  }

  /** Runs a keyed command, unless its answer is stored or on its way. */
  #runOnce(served: Served, input: unknown, request: CallRequest): Promise<unknown> {
    const { procedure } = served;
    const key = { caller: request.caller, key: request.key ?? "", procedure: procedure.name };
    const id = `${key.caller}\n${key.procedure}\n${key.key}`;
    const requestHash = hashOf(input);
    const underway = this.#underway.get(id);
    if (underway !== undefined) {
      if (underway.requestHash !== requestHash) return Promise.reject(mismatch(procedure, key.key));
      return underway.answer.then((answer) => served.checks.output.copy(answer));
    }
    const stored = storedAnswer(this.database, key);
    if (stored !== undefined) {
      if (stored.requestHash !== requestHash) return Promise.reject(mismatch(procedure, key.key));
      return Promise.resolve(JSON.parse(stored.answer));
    }
    const invocation = { procedure, request, requestHash, job: undefined };
    const answer = this.#run(served, input, invocation).finally(() => this.#underway.delete(id));
    this.#underway.set(id, { requestHash, answer });
    return answer;
  }

  #commitAnswer(
    { procedure, request, requestHash, job }: Invocation,
    work: (tx: Transaction) => unknown,
  ): Promise<unknown> {
    const { environment } = this.#options;
    const { output } = (this.#served.get(procedure.name) as Served).checks;
    return this.transact((tx) => {
      if (environment.monotonic() >= request.deadlineAtMs) {
        const message = `${fullName(procedure)} had no time left to commit; nothing was changed.`;
        throw new TransportError("DEADLINE", "no", message);
      }
      if (job !== undefined) removeJob(tx, job.command, job.key);
      const answer = output.copy(synchronous(work(tx), fullName(procedure)));
      if (requestHash !== undefined) {
        const key = { caller: request.caller, key: request.key ?? "", procedure: procedure.name };
        storeAnswer(tx, key, { requestHash, answer: JSON.stringify(answer), atMs: tx.now });
      }
      return answer;
    }, request.traceId);
  }

  #runJob(job: Job): Promise<unknown> {
    const served = this.#served.get(job.command);
    if (served === undefined) {
      return Promise.reject(new ContractError(`${this.name} has no command ${job.command}.`));
    }
    const deadlineAtMs = this.#options.environment.monotonic() + JOB_DEADLINE_MS;
    const { traceId } = job;
    const request = { caller: this.name, identity: system, traceId, deadlineAtMs, key: undefined };
    const invocation = { procedure: served.procedure, request, requestHash: undefined, job };
    return this.#run(served, served.checks.input.copy(JSON.parse(job.input)), invocation);
  }

  /** What the caller is told: a declared error as it is, anything else without its inside. */
  #toCaller(error: unknown, { procedure, request }: Invocation): unknown {
    const name = fullName(procedure);
    if (isDomainError(error) && error.procedure === name) return error;
    const { traceId } = request;
    if (isTransportError(error)) {
      if (error.executed === "unknown" || procedure.kind === "query") return error;
      return new TransportError(error.code, "unknown", error.message, { cause: error });
    }
    this.#options.log.error("procedure failed", { procedure: name, traceId, error });
    if (isDomainError(error)) {
      return new Defect(
        `${name} let ${error.code} of ${error.procedure} escape. Handle it, or declare an error.`,
      );
    }
    return new Defect(`${name} failed: ${error instanceof Error ? error.message : "unknown"}`);
  }
}

function byProducer(module: Module): Map<string, Module["reactions"][number][]> {
  const groups = new Map<string, Module["reactions"][number][]>();
  for (const reaction of module.reactions) {
    const group = groups.get(reaction.event.module) ?? [];
    groups.set(reaction.event.module, group);
    group.push(reaction);
  }
  return groups;
}

function opened<T>(port: Port<T>, ports: ReadonlyMap<string, unknown>, module: string): T {
  if (!ports.has(port.name)) {
    throw new ContractError(
      `${module} uses the port ${port.name} without declaring it. Add it to "ports" in module.ts.`,
    );
  }
  return ports.get(port.name) as T;
}

function synchronous<T>(result: T, where: string): T {
  if (typeof result === "object" && result !== null && "then" in result) {
    throw new ContractError(
      `A transaction of ${where} returned a promise. Call and await before it, not inside it.`,
    );
  }
  return result;
}

function mismatch(procedure: Procedure, key: string): DomainError {
  return new DomainError("IDEMPOTENCY_MISMATCH", { key }, fullName(procedure));
}
