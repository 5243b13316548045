import { type EventType, fullName, moduleName, proceduresOf } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { ContractError, DeclarationError, isTransportError } from "../contract/errors.ts";
import { system } from "../contract/identity.ts";
import { timeLeft } from "../contract/time.ts";
import { CallerMarks, writeMarks } from "../messaging/caller-marks.ts";
import { Consumption } from "../messaging/consumption.ts";
import { databaseId, identify } from "../messaging/database-id.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import { isPlanned, Jobs } from "../messaging/jobs.ts";
import { type Missing, Outbox } from "../messaging/outbox.ts";
import { removeExpired } from "../messaging/retention.ts";
import { synchronous } from "../messaging/synchronous.ts";
import type { CommandOf, SagaReference, Transaction } from "../messaging/transaction.ts";
import type { Deadlines } from "../resilience/deadlines.ts";
import { SagaEngine } from "../saga/engine.ts";
import { stuckSagas } from "../saga/journal.ts";
import type { SettlePatience } from "../saga/settle-waiters.ts";
import type { StepCall } from "../saga/step-run.ts";
import type { Database } from "../store/database.ts";
import type { Log } from "../telemetry/log.ts";
import type { BlockingWork, LoopWatch, SynchronousWork } from "../telemetry/loop-watch.ts";
import type { OwnershipConflict } from "../transport/ownership-conflict.ts";
import type { Circuit, EventsState, Traffic } from "../transport/report.ts";
import type { Envelope, Reader, Transport } from "../transport/transport.ts";
import { CALL_DEADLINE_MS, Caller } from "./caller.ts";
import type { Module } from "./define-module.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Guards } from "./guards.ts";
import { KernelTransaction, type TransactionHost } from "./kernel-transaction.ts";
import { LowWaterMark } from "./low-water-mark.ts";
import { operationHandlers, operationsOf } from "./operations.ts";
import type { Port } from "./port.ts";

/** When old rows are looked for: after the start, after a full batch, and otherwise. */
const TIDY_FIRST_MS = 60_000;
const TIDY_AGAIN_MS = 100;
const TIDY_EVERY_MS = 3_600_000;

/** What a hosted module stands on. */
export interface HostedModuleOptions {
  readonly module: Module;
  readonly database: Database;
  readonly transport: Transport;
  readonly deadlines: Deadlines;
  readonly environment: Environment;
  readonly log: Log;
  readonly ports: ReadonlyMap<string, unknown>;
  readonly guards: Guards;
  readonly watch?: LoopWatch | undefined;
}

/**
 * A module at work in this process: its procedures, reactions, jobs and sagas over its database.
 */
export class HostedModule {
  readonly name: string;
  readonly engine: SagaEngine;
  readonly database: Database;
  readonly #options: HostedModuleOptions;
  readonly #dispatcher: Dispatcher;
  readonly #jobs: Jobs;
  readonly #consumption: Consumption;
  readonly #callers: CallerMarks;
  readonly #transactionHost: TransactionHost;
  /** What runs of it when no procedure or reaction does, for the watch. */
  readonly #ownWork: SynchronousWork;
  readonly #reactionWork = new Map<EventType, SynchronousWork>();
  #outbox: Outbox | undefined;
  #publish: (envelopes: readonly Envelope[]) => void = () => {};
  #withdraw: () => Promise<void> = async () => {};
  #stopTidying: () => void = () => {};
  #stopped = false;

  constructor(options: HostedModuleOptions) {
    const { module, database, environment } = options;
    this.name = module.contract[moduleName];
    this.database = database;
    this.#options = options;
    this.#ownWork = { module: this.name, what: `a transaction of ${this.name}` };
    const uses = new Set(module.uses);
    this.#callers = new CallerMarks(database);
    const mark = new LowWaterMark(environment, { read: database, callers: this.#callers });
    const caller = new Caller(this.name, (procedure) => uses.has(procedure), { ...options, mark });
    this.engine = new SagaEngine({ ...this.#parts(), call: stepCall(caller, environment) }, [
      ...module.sagas,
    ]);
    this.#transactionHost = {
      module: this.name,
      contract: module.contract,
      read: database,
      engine: this.engine,
      newId: environment.newId,
      newTraceId: environment.newTraceId,
    };
    const { reactions } = module;
    this.#consumption = new Consumption(this.name, { ...this.#parts(), reactions });
    this.#dispatcher = this.#openDispatcher(caller);
    this.#jobs = new Jobs({ ...this.#parts(), runJob: (job) => this.#dispatcher.runJob(job) });
  }

  /**
   * Claims the module for this process among all that can call it; before it starts. Rejects with
   * an OwnershipConflict when another process owns it.
   */
  async own(onLost: (conflict: OwnershipConflict) => void): Promise<void> {
    const { environment, transport } = this.#options;
    const database =
      databaseId(this.database) ||
      (await this.transact((tx) => {
        identify(tx, environment);
        return databaseId(tx);
      }));
    await transport.own({ module: this.name, database, onLost });
  }

  /** Offers the module to others, and takes up its events, jobs and sagas where they stand. */
  start(): void {
    const { transport, module } = this.#options;
    if (hasEvents(module)) {
      this.#outbox = new Outbox({ ...this.#parts(), module: this.name });
      this.#publish = transport.publish(this.#outbox);
    }
    const procedures = [module.contract, operationsOf(this.name)].flatMap(proceduresOf);
    const traffic = () => this.traffic;
    const circuits = () => this.circuits;
    const events = () => this.events;
    const blocking = () => this.blocking;
    const about = { traffic, circuits, events, blocking };
    const offer = { module: this.name, procedures, isReader: false, ...about };
    this.#withdraw = transport.serve(offer, (procedure, input, request) =>
      this.#dispatcher.serve(procedure, input, request),
    );
    this.#consumption.start(transport);
    this.engine.start();
    this.#jobs.start();
    this.#tidyLater(TIDY_FIRST_MS);
  }

  /**
   * Runs a unit of this module's writer; what it emits, starts, wakes and plans follows the
   * commit.
   */
  async transact<T>(work: (tx: KernelTransaction) => T, traceId?: string): Promise<T> {
    let last: KernelTransaction | undefined;
    try {
      const result = await this.database.writer.run(() => {
        this.#options.watch?.begins(this.#ownWork);
        const now = this.#options.environment.now();
        const tx = new KernelTransaction(this.#transactionHost, traceId, now);
        last = tx;
        return synchronous(work(tx), `A transaction of ${this.name}`);
      });
      if (last !== undefined) this.#committed(last);
      return result;
    } catch (error) {
      const isUnknown = isTransportError(error) && error.executed === "unknown";
      if (isUnknown && last !== undefined) this.#perhapsCommitted(last);
      throw error;
    }
  }

  /** The events that it takes in. */
  get consumption(): Consumption {
    return this.#consumption;
  }

  /**
   * Plans a buried job for now, in the open transaction; tells whether it did. A newer plan of the
   * same command and key is left as it is.
   */
  replan(
    tx: Transaction,
    { name, key, payload }: { name: string; key: string; payload: string },
  ): boolean {
    const command = proceduresOf(this.#options.module.contract)
      .filter((one): one is CommandOf<string> => one.kind === "command")
      .find((one) => one.name === name);
    if (command === undefined) {
      throw new ContractError(`${this.name} has no command ${name} any more. Discard the job.`);
    }
    if (isPlanned(tx, name, key)) return false;
    tx.schedule(command, JSON.parse(payload), { key, atMs: tx.now });
    return true;
  }

  /** True while a call, a due job, a saga that does not wait, or a write is under way. */
  get busy(): boolean {
    const { writer } = this.database;
    const isRetrying = this.#consumption.retries.busy;
    return (
      this.#dispatcher.running > 0 ||
      writer.waiting > 0 ||
      this.engine.busy ||
      this.#jobs.busy ||
      isRetrying
    );
  }

  /** What stands still in the events that it takes in and publishes, and in its sagas. */
  get events(): EventsState {
    const { state } = this.#consumption;
    return { ...state, missing: [...this.missing], stuckSagas: stuckSagas(this.database) };
  }

  /** Who reads its events. */
  get readers(): ReadonlyMap<string, Reader> {
    return this.#outbox?.readers() ?? new Map();
  }

  /** The readers of its events that miss some, which were removed. */
  get missing(): readonly Missing[] {
    return this.#outbox?.missing ?? [];
  }

  /** How much is asked of it. */
  get traffic(): Traffic {
    return this.#dispatcher.traffic;
  }

  /** The circuits before what its ports reach. */
  get circuits(): readonly Circuit[] {
    const all = this.#options.guards.standings();
    const own = all.filter(({ name }) => name.startsWith(`${this.name}.`));
    return own.map(({ name, state }) => ({
      module: this.name,
      instance: name,
      kind: "port",
      state,
    }));
  }

  /** What of it has blocked the event loop of its process. */
  get blocking(): readonly BlockingWork[] {
    return this.#options.watch?.blocking(this.name) ?? [];
  }

  /** Takes no more work and resolves when what was begun is durable. The database stays open. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTidying();
    await this.#jobs.stop();
    await this.#consumption.retries.stop();
    await this.engine.stop();
    await this.#withdraw();
    await this.#dispatcher.idle();
    await this.database.writer.idle();
  }

  /** What the module's inbox, jobs and sagas are given. */
  #parts() {
    const { log, environment, watch } = this.#options;
    const transact = <T>(work: (tx: TracedTransaction) => T) => this.transact(work);
    const reacting = (event: EventType) => watch?.begins(this.#reactionTo(event));
    return { log, environment, reacting, read: this.database, transact };
  }

  /** The name of a reaction's work for the watch. */
  #reactionTo(event: EventType): SynchronousWork {
    const known = this.#reactionWork.get(event);
    if (known !== undefined) return known;
    const what = `the reaction of ${this.name} to ${fullName(event)}`;
    const work = { module: this.name, what };
    this.#reactionWork.set(event, work);
    return work;
  }

  #openDispatcher(caller: Caller): Dispatcher {
    const { module, environment, log, ports, deadlines, watch } = this.#options;
    const context = {
      read: this.database,
      log,
      caller,
      now: () => environment.now(),
      newId: (prefix: string) => environment.newId(prefix),
      port: <T>(port: Port<T>) => opened(port, ports, this.name),
      settled: async (saga: SagaReference<never>, id: string, patience: SettlePatience) => {
        this.engine.assertKnown(saga);
        const ms = timeLeft(patience.ms, "The withinMs given to settled");
        await this.engine.settled({ name: saga.name, id }, { ...patience, ms });
      },
      intend: <T>(request: { readonly traceId: string }, work: (tx: Transaction) => T) =>
        this.transact(work, request.traceId),
    };
    const handlers = [...Object.values(module.handlers), ...operationHandlers(this)];
    return new Dispatcher(
      {
        module: this.name,
        read: this.database,
        log,
        environment,
        deadlines,
        watch,
        callers: this.#callers,
        context,
        transact: (work, traceId) => this.transact(work, traceId),
      },
      handlers,
    );
  }

  /** Removes rows past their retention, a batch at a time. */
  #tidyLater(delayMs: number): void {
    if (this.#stopped) return;
    this.#stopTidying = this.#options.environment.after(delayMs, () => {
      this.#tidy().then(
        (more) => {
          this.#outbox?.noteRemoved();
          this.#tidyLater(more ? TIDY_AGAIN_MS : TIDY_EVERY_MS);
        },
        (error: unknown) => {
          this.#options.log.warn("old rows not removed yet", { error });
          this.#tidyLater(TIDY_EVERY_MS);
        },
      );
    });
  }

  async #tidy(): Promise<boolean> {
    const marks = this.#callers.take();
    try {
      const more = await this.transact((tx) => {
        writeMarks(tx, marks, tx.now);
        return removeExpired(tx, tx.now);
      });
      this.#callers.committed(marks);
      return more;
    } catch (error) {
      for (const [caller, sinceMs] of marks) this.#callers.hear(caller, sinceMs);
      throw error;
    }
  }

  #committed(tx: KernelTransaction): void {
    if (tx.events.length > 0) this.#publish(tx.events);
    for (const record of tx.sagas) this.engine.begin(record);
    for (const { name, id } of tx.wakes) this.engine.wake(name, id);
    if (tx.jobDueAtMs !== Number.POSITIVE_INFINITY) this.#jobs.notice(tx.jobDueAtMs);
  }

  /** Lets follow what is on the disk: a commit may have lasted although it reported an error. */
  #perhapsCommitted(tx: KernelTransaction): void {
    const { events, sagas, wakes, jobDueAtMs } = tx;
    const [first] = events;
    if (first !== undefined) this.#publish(this.#outbox?.after(first.seq - 1, events.length) ?? []);
    if (sagas.length > 0) this.engine.takeUpAll();
    for (const { name, id } of wakes) this.engine.wake(name, id);
    if (jobDueAtMs !== Number.POSITIVE_INFINITY) this.#jobs.notice(jobDueAtMs);
  }
}

/** How the steps of a module's sagas call: in its name, as the system. */
function stepCall(caller: Caller, environment: Environment) {
  const call: StepCall = (procedure, input, options) => {
    const { traceId, key, leftMs, stepSignal, signal, deadlineMs = CALL_DEADLINE_MS } = options;
    const deadlineAtMs = environment.monotonic() + Math.min(deadlineMs, leftMs);
    const origin = { identity: system, traceId, deadlineAtMs, signal: stepSignal };
    const own = { deadlineMs, ...(key === undefined ? {} : { key }), ...(signal && { signal }) };
    return caller.call(procedure, input, { origin, options: own });
  };
  return call;
}

/** Without events there is no stream either, nor the right to hear who reads it. */
function hasEvents({ contract }: Module): boolean {
  return Object.values(contract).some((one) => one.kind === "event");
}

function opened<T>(port: Port<T>, ports: ReadonlyMap<string, unknown>, module: string): T {
  if (!ports.has(port.name)) {
    throw new DeclarationError(
      `${module} uses the port ${port.name} without declaring it. Add it to "ports" in module.ts.`,
    );
  }
  // What is opened for a port is what its `open` returned, or an override of the same type.
  return ports.get(port.name) as T;
}
