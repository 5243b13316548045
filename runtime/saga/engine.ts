import { checked } from "../contract/check.ts";
import type { Environment } from "../contract/environment.ts";
import { DeclarationError } from "../contract/errors.ts";
import type { TracedTransaction } from "../messaging/inbox.ts";
import type { SagaReference, Transaction } from "../messaging/transaction.ts";
import { Alarm } from "../resilience/alarm.ts";
import { Deadlines } from "../resilience/deadlines.ts";
import type { Read } from "../store/connection.ts";
import { StoreError } from "../store/store-error.ts";
import type { Log } from "../telemetry/log.ts";
import { definitionMistakes, recordDefinitions, unrecorded } from "./definitions.ts";
import { drive, PAUSE_MAX_MS } from "./drive.ts";
import type { Driver } from "./driver.ts";
import { dueSagas, nextDue, type SagaKey } from "./due-sagas.ts";
import {
  insertSaga,
  NEVER_MS,
  type SagaRecord,
  sagaRecord,
  updateSaga,
  wakesOf,
} from "./journal.ts";
import { jsonCopy } from "./json-value.ts";
import type { Saga } from "./saga.ts";
import { type SettlePatience, SettleWaiters } from "./settle-waiters.ts";
import type { StepCall } from "./step-run.ts";

/**
 * Sagas that run at once, at most; the others are rows until one of them rests or ends. It is below
 * what a module answers at once, so that they leave room for the calls of others.
 */
const RUNNING_MAX = 2_000;
/** Below this many the database is asked for those that found no place. */
const REFILL_BELOW = RUNNING_MAX * 0.9;
/** Sagas that are taken up in one turn of the event loop, at most. */
const PAGE = 200;
/** How long one is left alone whose row could not be written, in milliseconds. */
const BROKEN_MS = 1_000;

/** What the engine needs of the module it works for. */
export interface EngineHost {
  readonly log: Log;
  readonly environment: Environment;
  readonly read: Read;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Calls a procedure on behalf of a saga's step. */
  call: StepCall;
}

/** A saga that runs. */
interface Active {
  readonly record: SagaRecord;
  readonly saga: Saga;
  readonly isTakenUp: boolean;
  /** How often it was woken before its step began, and whether it was since. */
  wakesSeen: number;
  isWoken: boolean;
  ended: Promise<void>;
}

/**
 * Runs the sagas of one module, from the rows of its journal.
 *
 * Only those that run are in memory. One that waits, is to be tried again later, or is stuck is a
 * row with a due time; one alarm tells of the next that is due.
 */
export class SagaEngine {
  readonly #host: EngineHost;
  readonly #sagas = new Map<string, Saga>();
  readonly #names: ReadonlySet<string>;
  readonly #active = new Map<string, Active>();
  readonly #waiters: SettleWaiters;
  /** Those whose row could not be written a moment ago. */
  readonly #broken = new Set<string>();
  readonly #retries: Alarm;
  readonly #deadlines: Deadlines;
  #waitAtMs = Number.POSITIVE_INFINITY;
  #cancelWait = () => {};
  /** True when there may be rows of sagas that are to run and found no place. */
  #hasMore = false;
  #isLooking = false;
  #stopping = false;
  /** Definitions whose steps are still to be recorded. */
  #unrecorded: readonly Saga[] = [];

  constructor(host: EngineHost, sagas: readonly Saga[]) {
    this.#host = host;
    this.#retries = new Alarm(host.environment, () => this.#look());
    this.#waiters = new SettleWaiters(host.environment);
    this.#deadlines = new Deadlines(host.environment);
    for (const saga of sagas) this.#sagas.set(keyOf(saga.name, saga.version), saga);
    this.#names = new Set(sagas.map(({ name }) => name));
  }

  /**
   * Throws a StoreError when a saga is under way whose definition is gone, or has other steps than
   * when it began. It is asked before anything of the module runs.
   */
  assertDefined(): void {
    const mistakes = definitionMistakes(this.#host.read, [...this.#sagas.values()]);
    if (mistakes.length > 0) throw new StoreError(mistakes.join("\n"));
  }

  /** Takes up what has not ended. */
  start(): void {
    const { read, log, transact } = this.#host;
    const sagas = [...this.#sagas.values()];
    this.#unrecorded = unrecorded(read, sagas);
    if (this.#unrecorded.length > 0) {
      transact
        .call(this.#host, (tx) => recordDefinitions(tx, sagas))
        .then(
          () => {
            this.#unrecorded = [];
          },
          (error: unknown) => log.warn("the steps of sagas are not recorded yet", { error }),
        );
    }
    this.#look();
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
    if (this.#unrecorded.includes(definition)) recordDefinitions(tx, [definition]);
    const where = `The input of the saga ${name}`;
    const copy = jsonCopy(checked(definition.input, where).copy(input), where);
    const record: SagaRecord = {
      name,
      id,
      version,
      state: "running",
      step: 0,
      input: copy,
      inputPatch: null,
      done: {},
      failure: null,
      dueAtMs: null,
      waitDueAtMs: null,
      attempts: 0,
      isBehind: false,
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
    if (this.#active.size >= RUNNING_MAX) this.#hasMore = true;
    else this.#activate(record, false);
  }

  /** Goes on with what is on the disk and not under way here, as far as there is room. */
  takeUpAll(): void {
    this.#lookSoon();
  }

  /** Has a saga run whose row says that it was woken. */
  wake(name: string, id: string): void {
    const active = this.#active.get(keyOf(name, id));
    if (active === undefined) this.takeUp(name, id);
    else active.isWoken = true;
  }

  /**
   * Records in the open transaction that a stuck saga goes on where it stopped; tells whether there
   * was one. Call `takeUp` after the commit.
   */
  release(tx: Transaction, name: string, id: string): boolean {
    const record = sagaRecord(tx, name, id);
    if (record?.state !== "stuck" || this.#active.has(keyOf(name, id))) return false;
    const state = record.failure === null ? "running" : "compensating";
    updateSaga(tx, { ...record, state, attempts: 0, dueAtMs: tx.now }, tx.now);
    return true;
  }

  /** Goes on with a saga as it is on disk, unless it has ended, rests, or is under way here. */
  takeUp(name: string, id: string): void {
    const key = keyOf(name, id);
    if (this.#stopping || this.#active.has(key) || this.#broken.has(key)) return;
    const record = sagaRecord(this.#host.read, name, id);
    if (record === undefined) return;
    // One that was just made due is not yet, when the clock was set back meanwhile.
    if (!isDue(record, this.#host.environment.now())) this.#takeUpWhenDue(record);
    else if (this.#active.size >= RUNNING_MAX) this.#hasMore = true;
    else this.#activate(record, true);
  }

  /**
   * Resolves when the saga has ended, passed its pivot, waits or is stuck, or when whoever asks
   * waits no more.
   */
  settled({ name, id }: SagaKey, patience: SettlePatience): Promise<void> {
    const key = keyOf(name, id);
    const record = this.#active.get(key)?.record ?? sagaRecord(this.#host.read, name, id);
    if (record === undefined || this.#isSettled(record)) return Promise.resolve();
    return this.#waiters.wait(key, patience);
  }

  /**
   * Stops after the steps under way, which end or are given up in time; what is left goes on at the
   * next start.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#cancelWait();
    await Promise.allSettled([...this.#active.values()].map((active) => active.ended));
  }

  /** True while a saga runs or is looked for. */
  get busy(): boolean {
    return this.#active.size > 0 || this.#isLooking;
  }

  #isSettled(record: SagaRecord): boolean {
    if (record.state !== "running") return record.state !== "compensating";
    const saga = this.#sagas.get(keyOf(record.name, record.version));
    const pivot = saga?.steps.findIndex((step) => step.kind === "pivot") ?? -1;
    return pivot !== -1 && record.step > pivot;
  }

  #lookSoon(): void {
    if (this.#isLooking || this.#stopping) return;
    this.#isLooking = true;
    this.#host.environment.defer(() => this.#look());
  }

  /** Takes up a page of what is to run, the oldest first, and waits for what is due next. */
  #look(): void {
    this.#isLooking = false;
    if (this.#stopping) return;
    const { environment, read } = this.#host;
    const nowMs = environment.now();
    const known = this.#active.size + this.#broken.size;
    const by = { nowMs, retryByMs: nowMs + 2 * PAUSE_MAX_MS, limit: known + PAGE + 1 };
    const strangers = dueSagas(read, by).filter(({ name, id }) => {
      const key = keyOf(name, id);
      return !this.#active.has(key) && !this.#broken.has(key);
    });
    const room = Math.max(0, Math.min(PAGE, RUNNING_MAX - this.#active.size));
    this.#hasMore = strangers.length > room;
    for (const { name, id } of strangers.slice(0, room)) this.takeUp(name, id);
    const { retryAtMs, waitAtMs } = nextDue(read, nowMs);
    if (retryAtMs < Number.POSITIVE_INFINITY) this.#retryIn(retryAtMs - nowMs);
    this.#waitFor(waitAtMs);
    this.#refill();
  }

  #refill(): void {
    if (this.#hasMore && this.#active.size < REFILL_BELOW) this.#lookSoon();
  }

  #waitFor(dueAtMs: number): void {
    if (this.#stopping || dueAtMs >= this.#waitAtMs || dueAtMs >= NEVER_MS) return;
    this.#cancelWait();
    this.#waitAtMs = dueAtMs;
    this.#cancelWait = this.#host.environment.at(dueAtMs, () => {
      this.#waitAtMs = Number.POSITIVE_INFINITY;
      this.#look();
    });
  }

  /** Drives a saga; `isTakenUp` tells that its record was read from disk. */
  #activate(record: SagaRecord, isTakenUp: boolean): void {
    const { name, id } = record;
    // Records are of sagas that are known: the start refuses others, and so does `insert`.
    const saga = this.#sagas.get(keyOf(name, record.version)) as Saga;
    const key = keyOf(name, id);
    const wakesSeen = isTakenUp ? wakesOf(this.#host.read, name, id) : 0;
    const isWoken = false;
    const active: Active = {
      record,
      saga,
      isTakenUp,
      wakesSeen,
      isWoken,
      ended: Promise.resolve(),
    };
    this.#active.set(key, active);
    active.ended = drive(this.#driver(active))
      .catch((error: unknown) => this.#interrupted(record, error))
      .finally(() => {
        this.#active.delete(key);
        this.#rests(active);
        this.#refill();
      });
  }

  /** Has a saga that does not run any more be taken up when it is due. */
  #rests({ record, isWoken }: Active): void {
    const { name, id } = record;
    if (this.#isSettled(record)) this.#tell(keyOf(name, id));
    if (isWoken) this.takeUp(name, id);
    this.#takeUpWhenDue(record);
  }

  #takeUpWhenDue({ state, dueAtMs }: SagaRecord): void {
    if (dueAtMs === null || this.#stopping) return;
    const { environment } = this.#host;
    if (state === "waiting" || state === "stuck") this.#waitFor(dueAtMs);
    else this.#retryIn(dueAtMs - environment.now());
  }

  /** A pause is a duration: when the clock was set back since, it is not any longer. */
  #retryIn(ms: number): void {
    const { environment } = this.#host;
    this.#retries.ringBy(environment.monotonic() + Math.min(ms, 2 * PAUSE_MAX_MS));
  }

  #driver(active: Active): Driver {
    const { record, saga, isTakenUp } = active;
    const { environment, log, call, transact, read } = this.#host;
    const isResting = record.dueAtMs !== null;
    if (isTakenUp && !isResting) record.isBehind = true;
    return {
      record,
      saga,
      isResting,
      environment,
      log,
      deadlines: this.#deadlines,
      call,
      transact: transact.bind(this.#host),
      stopping: () => this.#stopping,
      changed: () => {
        if (this.#isSettled(record)) this.#tell(keyOf(record.name, record.id));
      },
      listen: () => {
        if (!active.isWoken) return;
        active.isWoken = false;
        active.wakesSeen = wakesOf(read, record.name, record.id);
      },
      get wakesSeen() {
        return active.wakesSeen;
      },
      get isWoken() {
        return active.isWoken;
      },
    };
  }

  #tell(key: string): void {
    this.#waiters.settle(key);
  }

  /** The journal could not be written: read the row again later and go on from there. */
  #interrupted({ name, id, traceId }: SagaRecord, error: unknown): void {
    const { environment, log } = this.#host;
    const key = keyOf(name, id);
    log.error("saga interrupted, will be taken up again", { saga: name, id, traceId, error });
    this.#broken.add(key);
    environment.after(BROKEN_MS, () => {
      this.#broken.delete(key);
      this.takeUp(name, id);
    });
  }
}

function undeclared({ name }: { readonly name: string }): DeclarationError {
  return new DeclarationError(
    `The saga ${name} is not in the module's sagas. Add it to "sagas" in its module.ts.`,
  );
}

/** Whether a saga is to run: one that was interrupted, or whose due time has come. */
function isDue({ state, dueAtMs }: SagaRecord, nowMs: number): boolean {
  if (state === "completed" || state === "compensated") return false;
  if (dueAtMs === null || dueAtMs <= nowMs) return true;
  // The clock was set back since.
  const isRetry = state === "running" || state === "compensating";
  return isRetry && dueAtMs > nowMs + 2 * PAUSE_MAX_MS;
}

function keyOf(name: string, id: string | number): string {
  return `${name}\n${id}`;
}
