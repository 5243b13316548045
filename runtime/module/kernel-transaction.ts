import { checked } from "../contract/check.ts";
import { type EventType, fullName, type InputOf, type Procedure } from "../contract/contract.ts";
import { ContractError } from "../contract/errors.ts";
import { timePoint } from "../contract/time.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import { putJob, removeJob } from "../messaging/jobs.ts";
import { appendEvent } from "../messaging/outbox.ts";
import type { SagaReference } from "../messaging/transaction.ts";
import type { SagaEngine } from "../saga/engine.ts";
import { recordWake, type SagaRecord } from "../saga/journal.ts";
import { type Connection, connection, type Read } from "../store/connection.ts";
import type { Envelope } from "../transport/transport.ts";

/** What a transaction needs of its module. */
export interface TransactionHost {
  readonly module: string;
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
    if (event.module !== this.#host.module) {
      throw new ContractError(
        `${this.#host.module} emits ${fullName(event)}, which is another module's event. ` +
          `Declare an event in modules/${this.#host.module}/contract.ts.`,
      );
    }
    const { traceId, now: nowMs } = this;
    this.events.push(appendEvent(this, event, { payload, traceId, nowMs }));
  }

  schedule<P extends Procedure>(
    command: P,
    input: InputOf<P>,
    options: { readonly key: string; readonly atMs: number },
  ): void {
    if (command.module !== this.#host.module || command.kind !== "command") {
      throw new ContractError(
        `${this.#host.module} schedules ${fullName(command)}; only its own commands can be.`,
      );
    }
    const copy = checked(command.input, `The input of ${fullName(command)}`).copy(input);
    const { key } = options;
    const dueAtMs = timePoint(options.atMs, `The atMs of ${fullName(command)} with key ${key}`);
    const { traceId } = this;
    putJob(this, {
      command: command.name,
      key,
      input: JSON.stringify(copy),
      dueAtMs,
      traceId,
    });
    this.jobDueAtMs = Math.min(this.jobDueAtMs, dueAtMs);
  }

  unschedule(command: Procedure, key: string): void {
    removeJob(this, command.name, key);
  }

  start<Input>(saga: SagaReference<Input>, id: string, input: Input): void {
    const record = this.#host.engine.insert(this, saga as SagaReference<never>, { id, input });
    if (record !== undefined) this.sagas.push(record);
  }

  wake(saga: SagaReference<never>, id: string): void {
    const { name } = saga;
    if (recordWake(this, { name, id, nowMs: this.now })) this.wakes.push({ name, id });
  }
}
