import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import { DeliveryPostponed, type Envelope, type Subscription } from "../transport.ts";
import { eventIn, toldPayload } from "./event-wire.ts";
import type { Delivered, Link, Reading } from "./link.ts";
import { positionSubject, streamOf } from "./subjects.ts";

/** Messages asked for ahead; those that wait for an earlier one; those delivered together. */
const AHEAD_MAX = 256;
const HELD_MAX = 1_024;
const BATCH_MAX = 64;
const ATTACH_PAUSE_MS = 500;
/** How long a missing event may be on its way before the producer is asked for it. */
const GAP_PAUSE_MS = 100;
const GAP_AGAIN_MS = 1_000;
const DELIVER_PAUSE_MS = 1_000;
/** How often the producer is told again. */
const TELL_AGAIN_MS = 1_000;

interface Arrived {
  readonly msg: Delivered;
  readonly envelope: Envelope;
  readonly after: number;
}

/** What an event reader stands on. */
export interface EventReaderOptions {
  readonly connection: Link;
  readonly subscription: Subscription;
  /** The clock by which the producer is told again and again; it may not have been there. */
  readonly reminder: Pick<Environment, "after">;
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Takes in the events of one producer from its stream, in the producer's order.
 *
 * A stream may deliver twice, late and, after a crash, out of order. Each event says which of this
 * reader's events comes before it; one that comes too early is held until the other is there, and
 * the producer is asked to send that one again. One that does not come at all, with none after it,
 * is the producer's to notice, by what it is told every second.
 */
export class EventReader {
  readonly producer: string;
  readonly reader: string;
  readonly #options: EventReaderOptions;
  /** Where the producer is told. */
  readonly #subject: string;
  /** The points before and after what is durable is acknowledged. */
  readonly #taken: string;
  readonly #acknowledged: string;
  /** The seq of the last event that is durable here, and of the last one in line for that. */
  #position: number;
  #lined: number;
  #line: Arrived[] = [];
  #held = new Map<number, Arrived>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #watchingGap = false;
  #delivering = false;
  #delivery: Promise<void> = Promise.resolve();
  #messages: Reading | undefined;
  #interrupt = () => {};
  #attached = false;
  #closed = false;
  readonly #closing = Promise.withResolvers<void>();

  constructor(options: EventReaderOptions) {
    this.#options = options;
    const { consumer, producer, position } = options.subscription;
    this.producer = producer;
    this.reader = consumer;
    this.#subject = positionSubject(producer, consumer);
    this.#taken = `reader.taken:${consumer}`;
    this.#acknowledged = `reader.acknowledged:${consumer}`;
    this.#position = position;
    this.#lined = position;
    options.connection.onUp(() => this.#listenAnew());
    void this.#listen();
    this.#tellAgain();
  }

  /** True while events that have arrived are not durable here. */
  get busy(): boolean {
    return this.#delivering || this.#line.length > 0 || !this.#attached;
  }

  /** What is held is not in hand: it waits for an event that may never come. */
  get #idle(): boolean {
    return !this.#delivering && this.#line.length === 0;
  }

  /** Goes on after a seq, if it is not there yet, and tells the producer. */
  skipTo(position: number): void {
    if (position <= this.#lined) return;
    this.#position = position;
    this.#lined = position;
    this.#lineUp();
    this.#tell({ attached: true });
  }

  /** Takes in nothing more and resolves when what was begun is durable. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.resolve();
    await this.#messages?.close().catch(() => {});
    await this.#delivery;
  }

  /** What was asked of the broker before a loss is not answered any more. */
  #listenAnew(): void {
    this.#interrupt();
    void this.#messages?.close().catch(() => {});
  }

  #tellAgain(): void {
    this.#options.reminder.after(TELL_AGAIN_MS, () => {
      if (this.#closed || this.#options.connection.isClosed) return;
      if (this.#attached) this.#tell({});
      this.#tellAgain();
    });
  }

  /** Listens for as long as it is open, from the start again whenever the consumer is lost. */
  async #listen(): Promise<void> {
    const { log } = this.#options;
    for (let failures = 0; !this.#closed; failures++) {
      const { promise: interrupted, resolve: interrupt } = Promise.withResolvers<void>();
      this.#interrupt = interrupt;
      try {
        this.#messages = await this.#read();
        this.#attached = true;
        this.#tell({ attached: true });
        failures = 0;
        await Promise.race([this.#messages.ended, interrupted]);
      } catch (error) {
        if (this.#closed) return;
        const { reader, producer } = this;
        if (failures === 10) log.warn("events cannot be read yet", { reader, producer, error });
      }
      this.#attached = false;
      await this.#pause(ATTACH_PAUSE_MS);
    }
  }

  #read(): Promise<Reading> {
    const about = {
      stream: streamOf(this.producer),
      consumer: this.reader,
      aheadMax: AHEAD_MAX,
    };
    return this.#options.connection.read(about, (msg) => this.#take(msg));
  }

  #take(msg: Delivered): void {
    const event = eventIn(msg, this.reader);
    // The broker can be made to put what it answers to others into any stream: that is no event.
    if (event === undefined || event.envelope.module !== this.producer) return msg.ack();
    const { envelope } = event;
    // What is durable is acknowledged however often it comes; what is in line will be.
    if (envelope.seq <= this.#position) return msg.ack();
    if (envelope.seq <= this.#lined) return;
    if (!this.#options.subscription.events.includes(envelope.event)) return msg.ack();
    if (this.#held.size >= HELD_MAX && !this.#held.has(envelope.seq)) return;
    // A producer that did not know of this reader could not tell what comes before.
    const after = event.after ?? Number.POSITIVE_INFINITY;
    this.#held.set(envelope.seq, { msg, envelope, after });
    this.#lineUp();
  }

  /** Puts in line what has its predecessor there. */
  #lineUp(): void {
    const seqs = [...this.#held.keys()].sort((one, other) => one - other);
    for (const seq of seqs) {
      // The seqs are the keys of the map.
      const arrived = this.#held.get(seq) as Arrived;
      if (seq <= this.#lined) {
        this.#held.delete(seq);
        continue;
      }
      if (arrived.after > this.#lined) break;
      this.#held.delete(seq);
      this.#line.push(arrived);
      this.#lined = seq;
    }
    if (this.#held.size > 0) this.#watchGap(GAP_PAUSE_MS);
    if (this.#line.length > 0 && !this.#delivering) this.#delivery = this.#deliver();
  }

  async #deliver(): Promise<void> {
    this.#delivering = true;
    while (this.#line.length > 0 && !this.#closed) {
      const batch = this.#line.slice(0, BATCH_MAX);
      try {
        await this.#options.subscription.deliver(batch.map(({ envelope }) => envelope));
      } catch (error) {
        // The consumer knows why, and has said so in its log.
        await this.#pauseUnlessClosed(
          error instanceof DeliveryPostponed ? error.afterMs : DELIVER_PAUSE_MS,
        );
        continue;
      }
      this.#line.splice(0, batch.length);
      // The line was not empty, so the batch is not.
      const { seq } = (batch[batch.length - 1] as Arrived).envelope;
      // A skip may have passed what was in line.
      this.#position = Math.max(this.#position, seq);
      this.#options.environment.reach(this.#taken);
      for (const { msg } of batch) msg.ack();
      this.#options.environment.reach(this.#acknowledged);
      this.#tell({});
    }
    this.#delivering = false;
  }

  #watchGap(inMs: number): void {
    if (this.#watchingGap) return;
    this.#watchingGap = true;
    this.#options.environment.after(inMs, () => {
      this.#watchingGap = false;
      if (this.#closed || this.#held.size === 0) return;
      this.#askForMissing();
      this.#watchGap(GAP_AGAIN_MS);
    });
  }

  #askForMissing(): void {
    const earliest = Math.min(...this.#held.keys());
    const nowMs = this.#options.environment.monotonic();
    if (nowMs - this.#askedAt < GAP_PAUSE_MS) return;
    this.#askedAt = nowMs;
    // With the held one itself, which may not say what comes before it.
    this.#tell({ missingBefore: earliest + 1 });
  }

  #tell({
    attached = false,
    missingBefore = null,
  }: {
    attached?: boolean;
    missingBefore?: number | null;
  }): void {
    const { connection, subscription } = this.#options;
    if (!connection.isUp || connection.isClosed) return;
    const events = [...subscription.events];
    const told = { events, position: this.#position, attached, missingBefore, idle: this.#idle };
    connection.publish(this.#subject, toldPayload(told));
  }

  #pauseUnlessClosed(ms: number): Promise<void> {
    return Promise.race([this.#pause(ms), this.#closing.promise]);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.environment.after(ms, resolve));
  }
}
