import type { Environment } from "../contract/environment.ts";
import {
  DeliveryPostponed,
  type Envelope,
  type EventSource,
  type Subscription,
} from "./transport.ts";

/** Events handed over at a time, and kept in memory beyond those, at most. */
const BATCH_MAX = 64;
const PENDING_MAX = 1_024;
/** How long after events could not be taken in they are delivered again, in milliseconds. */
const PAUSE_MS = 1_000;

/**
 * Takes the events of one producer to one consumer, in order, from log to inbox.
 *
 * Fresh events come by `push`; when they do not follow on what was delivered, or are too many to
 * keep, the producer's log is read instead. The log is the truth; the memory only saves reading
 * it.
 */
export class EventLink {
  readonly producer: string;
  readonly #subscription: Subscription;
  readonly #environment: Pick<Environment, "after">;
  readonly #wanted: Set<string>;
  #source: EventSource | undefined;
  #pending: Envelope[] = [];
  /** The last seq that was looked at, whether wanted or not. */
  #seen: number;
  /** The seq of the last event that the consumer has taken in. */
  #delivered: number;
  #behind = true;
  #delivering = false;
  #isPostponed = false;
  #run: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(subscription: Subscription, environment: Pick<Environment, "after">) {
    this.#environment = environment;
    this.producer = subscription.producer;
    this.#subscription = subscription;
    this.#wanted = new Set(subscription.events);
    this.#seen = subscription.position;
    this.#delivered = subscription.position;
  }

  /** Gives the link the log to read from, and delivers what it holds. */
  connect(source: EventSource): void {
    this.#source = source;
    const { consumer, events } = this.#subscription;
    source.noteReader(consumer, { events, position: this.#delivered });
    this.#behind = true;
    this.#start();
  }

  /** Takes in events that were just committed. */
  push(envelopes: readonly Envelope[]): void {
    if (this.#behind) return this.#start();
    for (const envelope of envelopes) {
      if (envelope.seq !== this.#seen + 1 || this.#pending.length >= PENDING_MAX) {
        this.#behind = true;
        break;
      }
      this.#seen = envelope.seq;
      if (this.#wanted.has(envelope.event)) this.#pending.push(envelope);
    }
    if (this.#behind || this.#pending.length > 0) this.#start();
  }

  /** True while events are being delivered. */
  get busy(): boolean {
    return this.#delivering;
  }

  async idle(): Promise<void> {
    while (this.#delivering) await this.#run;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
  }

  #start(): void {
    if (this.#delivering || this.#isPostponed) return;
    if (this.#source === undefined || this.#closed) return;
    this.#delivering = true;
    this.#run = this.#deliverAll(this.#source);
  }

  /**
   * Delivers until nothing is left. It ends in the same turn in which it finds that out, so that an
   * event pushed right after starts the next run and is not left lying.
   */
  async #deliverAll(source: EventSource): Promise<void> {
    try {
      while (!this.#closed) {
        const batch = this.#behind ? this.#readLog(source) : this.#pending.splice(0, BATCH_MAX);
        const last = batch[batch.length - 1];
        if (last === undefined && !this.#behind) break;
        if (last === undefined) continue;
        await this.#subscription.deliver(batch);
        this.#delivered = last.seq;
        const { consumer, events } = this.#subscription;
        source.noteReader(consumer, { events, position: last.seq });
      }
    } catch (error) {
      this.#stepBack(error); // The consumer knows why, and has said so in its log.
    }
    this.#delivering = false;
  }

  /**
   * Goes on after the last event that was taken in: after a pause, or when the next one comes, if
   * the consumer has not put it off.
   */
  #stepBack(error: unknown): void {
    this.#isPostponed = error instanceof DeliveryPostponed;
    const pauseMs = error instanceof DeliveryPostponed ? error.afterMs : PAUSE_MS;
    this.#environment.after(pauseMs, () => {
      this.#isPostponed = false;
      this.#start();
    });
    this.#pending = [];
    this.#seen = this.#delivered;
    this.#behind = true;
  }

  /**
   * Reads on after what was delivered or is pending; at the log's end the link is no longer
   * behind.
   */
  #readLog(source: EventSource): Envelope[] {
    if (this.#pending.length > 0) return this.#pending.splice(0, BATCH_MAX);
    const batch = source.after(this.#seen, BATCH_MAX, this.#subscription.events);
    const last = batch[batch.length - 1];
    if (last !== undefined) this.#seen = last.seq;
    if (batch.length < BATCH_MAX) {
      this.#behind = false;
      this.#seen = Math.max(this.#seen, source.lastSeq());
    }
    return batch;
  }
}
