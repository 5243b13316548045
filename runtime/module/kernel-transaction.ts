import { checked } from "../contract/check.ts";
import {
  type Contract,
  type EventType,
  fullName,
  type InputOf,
  type Procedure,
} from "../contract/contract.ts";
import { DeclarationError } from "../contract/errors.ts";
import { timePoint } from "../contract/time.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import { putJob, removeJob } from "../messaging/jobs.ts";
import { appendEvent } from "../messaging/outbox.ts";
import type { CommandOf, SagaReference } from "../messaging/transaction.ts";
import type { SagaEngine } from "../saga/engine.ts";
import { recordWake, type SagaRecord } from "../saga/journal.ts";
import { type Connection, connection, type Read } from "../store/connection.ts";
import type { Envelope } from "../transport/transport.ts";

/** What a transaction needs of its module. */
export interface TransactionHost {
  readonly module: string;
  readonly contract: Contract;
  readonly read: Read;
  readonly engine: SagaEngine;
  newId(prefix: string): string;
  newTraceId(): string;
}

/** One unit of a module's writer as handlers, reactions and sagas see it. */
export class KernelTransaction implements TracedTransaction {
  readonly [connection]: Connection;
  readonly now: number;
  /** What to do after the commit. */
  readonly events: Envelope[] = [];
  readonly sagas: SagaRecord[] = [];
  readonly wakes: { readonly name: string; readonly id: string }[] = [];
  jobDueAtMs = Number.POSITIVE_INFINITY;
  readonly #host: TransactionHost;
  #traceId: string | undefined;

  constructor(host: TransactionHost, traceId: string | undefined, now: number) {
    this[connection] = host.read[connection];
    this.#host = host;
    this.#traceId = traceId;
    this.now = now;
  }

  /** The trace that set this off; a new one when it began here. */
  get traceId(): string {
    this.#traceId ??= this.#host.newTraceId();
    return this.#traceId;
  }

  set traceId(traceId: string) {
    this.#traceId = traceId;
  }

  newId(prefix: string): string {
    return this.#host.newId(prefix);
  }

  emit(event: EventType, payload: unknown): void {
    this.#assertOwn(event, "emits");
    const { traceId, now: nowMs } = this;
    this.events.push(appendEvent(this, event, { payload, traceId, nowMs }));
  }

  schedule<P extends CommandOf<string>>(
    command: P,
    input: InputOf<P>,
    options: { readonly key: string; readonly atMs: number },
  ): void {
    this.#assertOwn(command, "schedules");
    const text = checked(command.input, `The input of ${fullName(command)}`).text(input);
    const { key } = options;
    const dueAtMs = timePoint(options.atMs, `The atMs of ${fullName(command)} with key ${key}`);
    const { traceId } = this;
    putJob(this, {
      command: command.name,
      key,
      input: text,
      dueAtMs,
      traceId,
    });
    this.jobDueAtMs = Math.min(this.jobDueAtMs, dueAtMs);
  }

  unschedule(command: CommandOf<string>, key: string): void {
    this.#assertOwn(command, "takes back");
    removeJob(this, command.name, key);
  }

  start<Input>(saga: SagaReference<Input>, id: string, input: Input): void {
    // The engine copies the input by the schema of the saga.
    const record = this.#host.engine.insert(this, saga as SagaReference<never>, { id, input });
    if (record !== undefined) this.sagas.push(record);
  }

  wake(saga: SagaReference<never>, id: string): void {
    this.#host.engine.assertKnown(saga);
    const { name } = saga;
    if (recordWake(this, { name, id, nowMs: this.now })) this.wakes.push({ name, id });
  }

  /** Refuses what is not of the module's contract, and a query where a command is asked for. */
  #assertOwn(one: EventType | Procedure, verb: string): void {
    const { module, contract } = this.#host;
    if (contract[one.name] === one && one.module === module && one.kind !== "query") return;
    const what = one.kind === "event" ? "event" : "command";
    throw new DeclarationError(
      `${module} ${verb} ${fullName(one)}, which is no ${what} of its contract. ` +
        `Declare it in modules/${module}/contract.ts, or use one that is there.`,
    );
  }
}
