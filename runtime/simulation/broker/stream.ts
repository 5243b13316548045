import type { StreamEnd } from "../../transport/nats/link.ts";
import type { World } from "../world.ts";
import { Consumer } from "./consumer.ts";
import { Refusal, WRONG_LAST_SEQUENCE } from "./refusal.ts";
import type { SentMessage } from "./sent-message.ts";
import type { Kept, Log } from "./stream-log.ts";

/** A stream: what was appended, by its sequence, and the consumers that read it. */
export class Stream implements Log {
  readonly name: string;
  readonly consumers = new Map<string, Consumer>();
  readonly #world: World;
  #kept: Kept[] = [];

  constructor(world: World, name: string) {
    this.#world = world;
    this.name = name;
  }

  get end(): StreamEnd {
    return { messages: this.#kept.length, lastSeq: this.lastSeq };
  }

  get lastSeq(): number {
    return this.#kept.length;
  }

  at(sequence: number): Kept | undefined {
    return this.#kept[sequence - 1];
  }

  /** Appends a message if the last sequence is the one that is expected. */
  append(message: SentMessage, lastSequence: number): number {
    if (lastSequence !== this.lastSeq) {
      throw new Refusal(WRONG_LAST_SEQUENCE, `wrong last sequence: ${this.lastSeq}`);
    }
    this.#kept.push({ message, sequence: lastSequence + 1, atMs: this.#world.nowMs });
    for (const consumer of this.consumers.values()) consumer.handOut();
    return this.lastSeq;
  }

  /** Makes a consumer unless it is there. */
  provide(name: string, filter: string | undefined): void {
    if (this.consumers.has(name)) return;
    this.#world.note("broker", "new consumer", `${this.name} ${name}`);
    this.consumers.set(name, new Consumer(this.#world, { log: this, name, filter }));
  }

  /** Deletes a consumer; whoever reads it hears of it. */
  deleteConsumer(name: string): void {
    const consumer = this.consumers.get(name);
    this.consumers.delete(name);
    consumer?.end();
  }

  /** The same as it is now, with nobody who reads it. */
  copied(): Stream {
    const copy = new Stream(this.#world, this.name);
    copy.#kept = [...this.#kept];
    for (const [name, consumer] of this.consumers) {
      copy.consumers.set(name, consumer.copiedTo(copy));
    }
    return copy;
  }

  /** Loses what was appended after a sequence. */
  truncate(lastSeq: number): void {
    this.#world.note("broker", "stream cut", `${this.name} ${this.lastSeq} -> ${lastSeq}`);
    this.#kept.length = Math.min(this.#kept.length, lastSeq);
  }
}
