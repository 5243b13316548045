import type { Environment } from "../contract/environment.ts";
import { isTransportError } from "../contract/errors.ts";
import type { Read } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import {
  blockerOf,
  deadLetter,
  dueLetters,
  hastenLetters,
  leaveWaiting,
  nextLetterAtMs,
  noteFailedAttempt,
  removeDeadLetter,
  type StoredDeadLetter,
} from "./dead-letters.ts";
import type { TracedTransaction } from "./inbox.ts";
import { nextRetryAtMs, PAUSE_FIRST_MS } from "./retry-times.ts";

/** Dead letters looked for at a time. */
const BATCH_MAX = 64;

/** What the retries need of the module they work for. */
export interface LetterRetriesHost {
  readonly log: Log;
  readonly environment: Environment;
  readonly read: Read;
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Reacts to an event that was set aside, in the open transaction. */
  reactTo(tx: TracedTransaction, letter: StoredDeadLetter): void;
}

/**
 * Tries events that were set aside again, after growing pauses, for a day; then they wait for a
 * person. Those of one key are tried in their order, and each effect and the end of its letter are
 * one transaction.
 */
export class LetterRetries {
  readonly #host: LetterRetriesHost;
  #cancel: (() => void) | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #work: Promise<void> | undefined;
  #stopped = false;

  constructor(host: LetterRetriesHost) {
    this.#host = host;
  }

  /** Tries all that is still tried by itself: this start may be the deployment that mends it. */
  start(): void {
    if (nextLetterAtMs(this.#host.read) === undefined) return;
    this.#run(async () => {
      await this.#host.transact((tx) => hastenLetters(tx, null, tx.now)).catch(() => {});
      await this.#tryDue();
    });
  }

  /** Tells that a letter was committed, or made due. */
  notice(): void {
    this.#setTimer();
  }

  /** True while a letter is tried. */
  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Begins no more attempts and resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#work;
  }

  /**
   * Reacts to a dead letter and removes it, in the open transaction; the next of its key is then
   * due. Throws what the reaction throws. The caller has seen that no other must come before it.
   */
  redrive(tx: TracedTransaction, letter: StoredDeadLetter): void {
    tx.traceId = letter.traceId;
    this.#host.reactTo(tx, letter);
    removeDeadLetter(tx, letter, tx.now);
  }

  /** Records a failed attempt, and when the next one is due by itself, if ever. */
  async failed(letter: StoredDeadLetter, error: unknown): Promise<void> {
    const { log, environment } = this.#host;
    const { id, name: event, key: seq, traceId, diedAtMs, nextAttemptAtMs } = letter;
    const attempts = letter.attempts + 1;
    const nowMs = environment.now();
    const next = nextAttemptAtMs === null ? null : nextRetryAtMs(error, { diedAtMs, nowMs });
    await this.#host.transact((tx) =>
      noteFailedAttempt(tx, id, { error: String(error), nextAttemptAtMs: next }),
    );
    const fields = { event, seq, traceId, attempts, error };
    if (next === null && nextAttemptAtMs !== null) log.error("event given up", fields);
    else log.warn("dead letter failed again", fields);
  }

  #run(work: () => Promise<void>): void {
    if (this.#work !== undefined || this.#stopped) return;
    this.#work = work().then(
      () => this.#ended(0),
      (error: unknown) => {
        this.#host.log.warn("dead letters cannot be tried now", { error });
        this.#ended(PAUSE_FIRST_MS);
      },
    );
  }

  #ended(pauseMs: number): void {
    this.#work = undefined;
    this.#setTimer(pauseMs);
  }

  #setTimer(leastMs = 0): void {
    if (this.#stopped || this.#work !== undefined) return;
    const { environment, read } = this.#host;
    const dueAtMs = nextLetterAtMs(read);
    if (dueAtMs === undefined) return;
    const nowMs = environment.now();
    const atMs = Math.max(dueAtMs, nowMs + leastMs);
    if (atMs >= this.#timerAtMs) return;
    this.#cancel?.();
    this.#timerAtMs = atMs;
    // A clock that jumps is looked at again after the longest pause.
    const waitMs = Math.min(Math.max(atMs - nowMs, 0), PAUSE_FIRST_MS);
    this.#cancel = environment.after(waitMs, () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.#run(() => this.#tryDue());
    });
  }

  async #tryDue(): Promise<void> {
    const { environment, read } = this.#host;
    for (;;) {
      const due = dueLetters(read, environment.now(), BATCH_MAX);
      for (const id of due) {
        if (this.#stopped) return;
        await this.#try(id);
      }
      if (due.length === 0) return;
    }
  }

  async #try(id: number): Promise<void> {
    const { read, log } = this.#host;
    const letter = deadLetter(read, id);
    if (letter === undefined || letter.nextAttemptAtMs === null) return;
    try {
      const isDone = await this.#host.transact((tx) => {
        // A person may have redriven or discarded it meanwhile.
        if (deadLetter(tx, id) === undefined) return false;
        if (blockerOf(tx, letter) !== undefined) return void leaveWaiting(tx, id);
        this.redrive(tx, letter);
        return true;
      });
      const { name: event, key: seq, traceId, attempts } = letter;
      if (isDone) log.warn("dead letter taken in", { event, seq, traceId, attempts });
    } catch (error) {
      if (isTransportError(error)) throw error;
      await this.failed(letter, error);
    }
  }
}
