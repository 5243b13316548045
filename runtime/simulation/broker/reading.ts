import type { Delivered, Reading } from "../../transport/nats/link.ts";
import { JETSTREAM_API } from "../../transport/nats/subjects.ts";
import type { World } from "../world.ts";
import type { JetStream } from "./jet-stream.ts";
import type { SentMessage } from "./sent-message.ts";
import type { Session } from "./session.ts";
import type { Kept, Puller } from "./stream-log.ts";

/** How long a pull waits at the broker until it is asked anew, in milliseconds. */
const PULL_MS = 5_000;
/** More is asked for when no more than this share of what may be on its way is. */
const THRESHOLD = 0.75;

/** What a reading stands on. */
export interface ReadingOptions {
  readonly world: World;
  readonly jetStream: JetStream;
  /** The session of the connection as it is now; undefined when there is none. */
  readonly session: () => Session | undefined;
  readonly stream: string;
  readonly consumer: string;
  readonly aheadMax: number;
  readonly take: (message: Delivered) => void;
}

/** A consumer that is being read over one link, over each of its connections in turn. */
export class SimulatedReading implements Reading {
  readonly ended: Promise<unknown>;
  readonly #options: ReadingOptions;
  readonly #end: () => void;
  #isOver = false;
  /** How many messages are asked for and have not come. */
  #asked = 0;
  #cancel = () => {};
  #session: Session | undefined;
  #puller: Puller | undefined;

  constructor(options: ReadingOptions) {
    this.#options = options;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  async close(): Promise<void> {
    this.end();
  }

  /** Ends it: nothing is handed over any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel();
    this.#end();
  }

  /** Asks for all that may be on its way, over the connection that there is now. */
  pullAnew(): void {
    this.#cancel();
    const { world, session: current, aheadMax } = this.#options;
    const session = current();
    if (session === undefined || this.#isOver) return;
    if (session !== this.#session) {
      this.#session = session;
      this.#puller = this.#pullerOver(session);
    }
    this.#asked = aheadMax;
    this.#pull({ more: aheadMax, anew: true });
    const { process } = session.wire;
    this.#cancel = world.after(PULL_MS, () => this.pullAnew(), { what: "pull", process });
  }

  #pull(request: { readonly more: number; readonly anew?: boolean }): void {
    const { jetStream, stream, consumer } = this.#options;
    const session = this.#session;
    const puller = this.#puller;
    if (session === undefined || puller === undefined) return;
    const subject = `${JETSTREAM_API}.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
    session.wire.up.tell(() => {
      if (!session.isOpen || this.#isOver || !session.lets(subject)) return;
      const found = jetStream.findConsumer(stream, consumer);
      if (found === undefined) puller.end();
      else found.pull(puller, request);
    });
  }

  #pullerOver(session: Session): Puller {
    const { down } = session.wire;
    const isOver = () => this.#isOver;
    return {
      get isThere() {
        return session.isOpen && !isOver();
      },
      hand: (kept) => {
        const to = { take: () => this.#take(kept) };
        down.send({ to, message: kept.message }, "message-lost");
      },
      end: () => down.tell(() => this.end()),
    };
  }

  #take(kept: Kept): void {
    if (this.#isOver) return;
    this.#asked -= 1;
    const { aheadMax, take } = this.#options;
    if (this.#asked <= aheadMax * THRESHOLD) {
      this.#pull({ more: aheadMax - this.#asked });
      this.#asked = aheadMax;
    }
    const { message, sequence } = kept;
    take(new HandedMessage(message, () => this.#ack(sequence)));
  }

  #ack(sequence: number): void {
    const { jetStream, stream, consumer, session } = this.#options;
    const current = session();
    // The last tokens of its subject differ from ack to ack, and no permission looks at them.
    const subject = `$JS.ACK.${stream}.${consumer}.ack`;
    current?.wire.up.send(() => {
      if (!current.isOpen || !current.lets(subject)) return;
      jetStream.findConsumer(stream, consumer)?.ack(sequence);
    }, "message-lost");
  }
}

/** A message of a stream as it is handed over. */
class HandedMessage implements Delivered {
  readonly subject: string;
  readonly ack: () => void;
  readonly #message: SentMessage;

  constructor(message: SentMessage, ack: () => void) {
    this.subject = message.subject;
    this.#message = message;
    this.ack = ack;
  }

  get headers() {
    return this.#message.headers;
  }

  string(): string {
    return this.#message.string();
  }
}
