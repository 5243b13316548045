import type { StreamEnd } from "../../transport/nats/link.ts";
import type { World } from "../world.ts";
import { Consumer } from "./consumer.ts";
import { Refusal, Silence, WRONG_LAST_SEQUENCE } from "./refusal.ts";
import type { SentMessage } from "./sent-message.ts";
import type { Kept, Log } from "./stream-log.ts";

/** What nats-server writes with each message that has headers, as all of these have. */
const RECORD_BYTES = 34;

/** What a stream keeps at most: the oldest messages go first. */
export interface StreamLimits {
  readonly bytesMax: number;
  readonly ageMsMax: number;
}

/**
 * A stream: what was appended, by its sequence, and the consumers that read it. It keeps within
 * its limits by dropping what is oldest, whether somebody has read it or not.
 */
export class Stream implements Log {
  readonly name: string;
  readonly consumers = new Map<string, Consumer>();
  readonly #world: World;
  readonly #limits: StreamLimits;
  #kept: Kept[] = [];
  /** Those that cannot be read any more. */
  #lost = new Set<number>();
  /** True once nothing is handed to consumers any more: they pass over all that there is. */
  isDeaf = false;
  /** True once nothing is appended any more, whatever the last sequence is said to be. */
  isRefusing = false;
  /** True once what is to be appended is neither taken nor refused. */
  isSilent = false;
  /** How many went from the front. */
  #dropped = 0;
  #bytes = 0;

  constructor(world: World, name: string, limits: StreamLimits) {
    this.#world = world;
    this.name = name;
    this.#limits = limits;
  }

  get end(): StreamEnd {
    this.#dropOld();
    const missing = [...this.#lost].filter((sequence) => sequence >= this.firstSeq).length;
    return { messages: this.#kept.length - missing, lastSeq: this.lastSeq, missing };
  }

  get firstSeq(): number {
    return this.#dropped + 1;
  }

  get lastSeq(): number {
    return this.#dropped + this.#kept.length;
  }

  at(sequence: number): Kept | undefined {
    this.#dropOld();
    return this.#lost.has(sequence) ? undefined : this.#kept[sequence - this.firstSeq];
  }

  /** Appends a message if the last sequence is the one that is expected. */
  append(message: SentMessage, lastSequence: number): number {
    if (this.isSilent) throw new Silence();
    if (lastSequence !== this.lastSeq || this.isRefusing) {
      throw new Refusal(WRONG_LAST_SEQUENCE, `wrong last sequence: ${this.lastSeq}`);
    }
    this.#kept.push({ message, sequence: lastSequence + 1, atMs: this.#world.nowMs });
    this.#bytes += bytesOf(message);
    while (this.#bytes > this.#limits.bytesMax) this.#dropFirst();
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
    const copy = new Stream(this.#world, this.name, this.#limits);
    copy.#kept = [...this.#kept];
    copy.#lost = new Set(this.#lost);
    copy.isDeaf = this.isDeaf;
    copy.isRefusing = this.isRefusing;
    copy.isSilent = this.isSilent;
    copy.#dropped = this.#dropped;
    copy.#bytes = this.#bytes;
    for (const [name, consumer] of this.consumers) {
      copy.consumers.set(name, consumer.copiedTo(copy));
    }
    return copy;
  }

  /** Loses what was appended after a sequence. */
  truncate(lastSeq: number): void {
    this.#world.note("broker", "stream cut", `${this.name} ${this.lastSeq} -> ${lastSeq}`);
    const lost = this.#kept.splice(Math.max(0, lastSeq - this.#dropped));
    for (const { message } of lost) this.#bytes -= bytesOf(message);
    this.#dropped = Math.min(this.#dropped, lastSeq);
    for (const sequence of this.#lost) if (sequence > lastSeq) this.#lost.delete(sequence);
  }

  /** Has a message be unreadable. */
  lose(sequence: number): void {
    if (sequence >= this.firstSeq && sequence <= this.lastSeq) this.#lost.add(sequence);
  }

  /** Has the last message be unreadable. */
  loseLast(): void {
    this.lose(this.lastSeq);
  }

  noteDamage(how: string): void {
    this.#world.note("broker", "stream damaged", `${this.name} ${how}`);
  }

  #dropOld(): void {
    const bornAtMs = this.#world.nowMs - this.#limits.ageMsMax;
    for (;;) {
      const oldest = this.#kept[0];
      if (oldest === undefined || oldest.atMs > bornAtMs) return;
      this.#dropFirst();
    }
  }

  #dropFirst(): void {
    const first = this.#kept.shift();
    if (first === undefined) return;
    this.#bytes -= bytesOf(first.message);
    this.#dropped += 1;
    this.#world.note("broker", "dropped", `${this.name} up to ${this.#dropped}`);
  }
}

/** How many bytes a message takes in the files of nats-server. */
function bytesOf({ subject, bytes }: SentMessage): number {
  return RECORD_BYTES + subject.length + bytes;
}
