import { checked } from "../contract/check.ts";
import type { Environment } from "../contract/environment.ts";
import { DeclarationError } from "../contract/errors.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import type { SagaReference, Transaction } from "../messaging/transaction.ts";
import type { Read } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import { canTurnBack, type Driver, drive } from "./drive.ts";
import { insertSaga, liveSagas, type SagaRecord, sagaRecord, updateSaga } from "./journal.ts";
import { jsonCopy } from "./json-value.ts";
import type { Saga } from "./saga.ts";
import type { StepCall } from "./step-run.ts";

/**
 * Sagas in memory at once, at most; the others wait in the database. Those that wait for something
 * outside count too, so it is far above what runs at a time: many customers may sit before their
 * bank's page, and must not keep others from buying.
 */
const ACTIVE_MAX = 20_000;
/** Below this many the database is asked for those that found no place. */
const REFILL_BELOW = ACTIVE_MAX * 0.9;

/** What the engine needs of the module it works for. */
export interface EngineHost {
  readonly log: Log;
  readonly environment: Environment;
  readonly read: Read;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Calls a procedure on behalf of a saga's step. */
  call: StepCall;
}

interface Active {
  readonly record: SagaRecord;
  readonly saga: Saga;
  /** Set when woken while not waiting, so that a wait begun meanwhile ends at once. */
  woken: boolean;
  resume: (() => void) | undefined;
  ended: Promise<void>;
}

/** Runs the sagas of one module, from the rows of its journal. */
export class SagaEngine {
  readonly #host: EngineHost;
  readonly #sagas = new Map<string, Saga>();
  readonly #names: ReadonlySet<string>;
  readonly #active = new Map<string, Active>();
  readonly #waiters = new Map<string, Set<() => void>>();
  /** Takes back the timer of a stuck saga that is still to turn back. */
  readonly #stuck = new Map<string, () => void>();
  #overflow = false;
  #stopping = false;

  constructor(host: EngineHost, sagas: readonly Saga[]) {
    this.#host = host;
    for (const saga of sagas) this.#sagas.set(keyOf(saga.name, saga.version), saga);
    this.#names = new Set(sagas.map(({ name }) => name));
  }

  /**
   * Takes up what has not ended. Throws when a saga is under way whose definition is gone.
   */
  start(): void {
    const live = liveSagas(this.#host.read, ACTIVE_MAX);
    for (const { name, version } of live) {
      if (this.#sagas.has(keyOf(name, version))) continue;
      throw new Error(
        `A saga ${name} of version ${version} is under way, but the module has no definition of ` +
          `it. Keep that version in the module's sagas until none is left.`,
      );
    }
    this.#overflow = live.length === ACTIVE_MAX;
    for (const record of live) {
      if (record.state === "stuck") this.#leaveStuck(record);
      else this.#activate(record, true);
    }
  }

  /** Records a saga in the open transaction; call `begin` with the result after the commit. */
  insert(
    tx: TracedTransaction,
    saga: SagaReference<never>,
    { id, input }: { readonly id: string; readonly input: unknown },
  ): SagaRecord | undefined {
    const definition = [...this.#sagas.values()].find((one) => one === saga);
    if (definition === undefined) throw undeclared(saga);
    const { name, version } = definition;
    const where = `The input of the saga ${name}`;
    const copy = jsonCopy(checked(definition.input, where).copy(input), where);
    const record: SagaRecord = {
      name,
      id,
      version,
      state: "running",
      step: 0,
      input: copy,
      done: {},
      failure: null,
      dueAtMs: null,
      traceId: tx.traceId,
      startedAtMs: tx.now,
      stepNotes: null,
      hasNamedKeys: true,
    };
    const row = { name, id, version, input: JSON.stringify(copy), traceId: tx.traceId };
    return insertSaga(tx, { ...row, nowMs: tx.now }) ? record : undefined;
  }

  /** Refuses a saga whose name none of the module's sagas has. */
  assertKnown({ name }: SagaReference<never>): void {
    if (!this.#names.has(name)) throw undeclared({ name });
  }

  /** Begins a saga that was committed. */
  begin(record: SagaRecord): void {
    // One that was just committed may have been found on disk by somebody else in this turn.
    if (this.#stopping || this.#active.has(keyOf(record.name, record.id))) return;
    if (this.#active.size >= ACTIVE_MAX) this.#overflow = true;
    else this.#activate(record, false);
  }

  /** Goes on with what is on the disk and not under way here, as far as there is room. */
  takeUpAll(): void {
    const live = liveSagas(this.#host.read, ACTIVE_MAX * 2);
    this.#overflow = live.length === ACTIVE_MAX * 2;
    for (const record of live) {
      if (this.#active.size >= ACTIVE_MAX) {
        this.#overflow = true;
        return;
      }
      const known = this.#active.has(keyOf(record.name, record.id));
      if (!known && record.state !== "stuck") this.#activate(record, true);
    }
  }

  /** Has a waiting saga look again. */
  wake(name: string, id: string): void {
    const active = this.#active.get(keyOf(name, id));
    if (active === undefined) return;
    active.woken = true;
    active.resume?.();
  }

  /**
   * Records in the open transaction that a stuck saga goes on where it stopped; tells whether there
   * was one. Call `takeUp` after the commit.
   */
  release(tx: Transaction, name: string, id: string): boolean {
    const record = sagaRecord(tx, name, id);
    if (record?.state !== "stuck" || this.#active.has(keyOf(name, id))) return false;
    const state = record.failure === null ? "running" : "compensating";
    updateSaga(tx, { ...record, state }, tx.now);
    return true;
  }

  /** Goes on with a saga as it is on disk, unless it has ended, is stuck, or is under way here. */
  takeUp(name: string, id: string): void {
    if (this.#stopping || this.#active.has(keyOf(name, id))) return;
    const record = sagaRecord(this.#host.read, name, id);
    if (record !== undefined && !isOver(record)) this.#activate(record, true);
  }

  /** Resolves when the saga has ended, passed its pivot, waits or is stuck, or after `withinMs`. */
  settled(name: string, id: string, withinMs: number): Promise<void> {
    const key = keyOf(name, id);
    const active = this.#active.get(key);
    if (active === undefined || this.#isSettled(active)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(key) ?? new Set();
      this.#waiters.set(key, waiters);
      const done = () => {
        cancel();
        waiters.delete(done);
        resolve();
      };
      const cancel = this.#host.environment.after(withinMs, done);
      waiters.add(done);
    });
  }

  /** Stops after the steps under way; what is left goes on at the next start. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#active.values()];
    for (const active of all) active.resume?.();
    for (const cancel of this.#stuck.values()) cancel();
    await Promise.allSettled(all.map((active) => active.ended));
  }

  /**
   * True while a saga is doing something: has not ended, is not stuck, and does not wait or rest.
   */
  get busy(): boolean {
    return [...this.#active.values()].some((one) => one.resume === undefined);
  }

  #isSettled({ record, saga }: Active): boolean {
    if (record.state !== "running") return record.state !== "compensating";
    const pivot = saga.steps.findIndex((step) => step.kind === "pivot");
    return pivot !== -1 && record.step > pivot;
  }

  /** Drives a saga; `takenUp` tells that its record was read from disk. */
  #activate(record: SagaRecord, takenUp: boolean): void {
    const saga = this.#sagas.get(keyOf(record.name, record.version)) as Saga;
    const key = keyOf(record.name, record.id);
    const active: Active = {
      record,
      saga,
      woken: false,
      resume: undefined,
      ended: Promise.resolve(),
    };
    this.#active.set(key, active);
    this.#stuck.get(key)?.();
    this.#stuck.delete(key);
    active.ended = drive(this.#driver(active, takenUp))
      .catch((error: unknown) => this.#broken(active, error))
      .finally(() => {
        this.#active.delete(key);
        if (record.state === "stuck") this.#leaveStuck(record);
        this.#tell(key);
        this.#waiters.delete(key);
        if (this.#overflow && this.#active.size < REFILL_BELOW) this.takeUpAll();
      });
  }

  /** Leaves a stuck saga to whoever retries it; before its pivot, to its deadline at the latest. */
  #leaveStuck(record: SagaRecord): void {
    const { environment, read } = this.#host;
    const { name, id, version } = record;
    const saga = this.#sagas.get(keyOf(name, version));
    if (this.#stopping || saga === undefined || !canTurnBack({ record, saga })) return;
    const cancel = environment.at(record.startedAtMs + saga.deadlineMs, () => {
      const stored = sagaRecord(read, name, id);
      if (stored?.state !== "stuck" || this.#active.has(keyOf(name, id))) return;
      this.#activate({ ...stored, state: "running" }, true);
    });
    this.#stuck.set(keyOf(name, id), cancel);
  }

  #driver(active: Active, takenUp: boolean): Driver {
    const { record, saga } = active;
    const { environment, log, call, transact } = this.#host;
    return {
      record,
      saga,
      takenUp,
      environment,
      log,
      call,
      transact: transact.bind(this.#host),
      stopping: () => this.#stopping,
      changed: () => {
        if (this.#isSettled(active)) this.#tell(keyOf(record.name, record.id));
      },
      rest: (untilMs, wakeable) => this.#rest(active, untilMs, wakeable),
      listen: () => {
        active.woken = false;
      },
    };
  }

  /** Waits until `untilMs`, or until woken. */
  #rest(active: Active, untilMs: number, wakeable: boolean): Promise<void> {
    if (this.#stopping || (wakeable && active.woken)) return Promise.resolve();
    const { environment } = this.#host;
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        active.resume = undefined;
        resolve();
      };
      const cancel = wakeable
        ? environment.at(untilMs, done)
        : environment.after(Math.max(untilMs - environment.now(), 0), done);
      active.resume = () => {
        if (wakeable || this.#stopping) done();
      };
    });
  }

  #tell(key: string): void {
    for (const done of [...(this.#waiters.get(key) ?? [])]) done();
  }

  /** The journal could not be written: read the row again later and go on from there. */
  #broken({ record }: Active, error: unknown): void {
    const { name, id, traceId } = record;
    const { environment, log } = this.#host;
    log.error("saga interrupted, will be taken up again", { saga: name, id, traceId, error });
    environment.after(1_000, () => this.takeUp(name, id));
  }
}

function undeclared({ name }: { readonly name: string }): DeclarationError {
  return new DeclarationError(
    `The saga ${name} is not in the module's sagas. Add it to "sagas" in its module.ts.`,
  );
}

function isOver(record: SagaRecord): boolean {
  return record.state === "completed" || record.state === "compensated" || record.state === "stuck";
}

function keyOf(name: string, id: string | number): string {
  return `${name}\n${id}`;
}
