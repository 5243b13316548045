import type { Manifest } from "../../transport/manifest.ts";
import { eventSubject, streamOf } from "../../transport/nats/subjects.ts";
import type { World } from "../world.ts";
import type { Consumer } from "./consumer.ts";
import { CONSUMER_NOT_FOUND, NO_RESPONDERS, Refusal, STREAM_NOT_FOUND } from "./refusal.ts";
import type { SentMessage } from "./sent-message.ts";
import { Stream, type StreamLimits } from "./stream.ts";

/** The streams of a broker, with their consumers. */
export class JetStream {
  readonly streams = new Map<string, Stream>();
  readonly #world: World;
  readonly #manifest: Manifest;
  readonly #limits: StreamLimits;

  constructor(world: World, manifest: Manifest, limits: StreamLimits) {
    this.#world = world;
    this.#manifest = manifest;
    this.#limits = limits;
  }

  /** Makes the streams of events and their readers' consumers that are missing. */
  provide(): void {
    for (const { name: producer, events } of this.#manifest) {
      if (events.length === 0) continue;
      const stream = this.#provideStream(streamOf(producer));
      for (const { name: reader, reads } of this.#manifest) {
        const read = reads.find((one) => one.producer === producer);
        if (read !== undefined) stream.provide(reader, filterOf(producer, read.events));
      }
    }
  }

  /** Deletes all streams; whoever reads them hears of it. */
  wipe(): void {
    for (const name of [...this.streams.keys()]) this.delete(name);
  }

  /** Deletes a stream if it is there; whoever reads it hears of it. */
  delete(name: string): void {
    const stream = this.streams.get(name);
    if (stream === undefined) return;
    this.#world.note("broker", "stream deleted", name);
    for (const consumer of [...stream.consumers.keys()]) stream.deleteConsumer(consumer);
    this.streams.delete(name);
  }

  /** All streams as they are now, for `restore`. */
  copied(): readonly Stream[] {
    return [...this.streams.values()].map((stream) => stream.copied());
  }

  /** Has all streams be as they were when they were copied. */
  restore(copies: readonly Stream[]): void {
    this.wipe();
    for (const copy of copies) {
      const stream = copy.copied();
      this.#world.note("broker", "stream restored", `${stream.name} up to ${stream.lastSeq}`);
      this.streams.set(stream.name, stream);
      for (const consumer of stream.consumers.values()) consumer.begin();
    }
  }

  append(message: SentMessage, lastSequence: number): number {
    const [, module = ""] = message.subject.split(".");
    const stream = this.streams.get(streamOf(module));
    if (stream === undefined) throw new Refusal(NO_RESPONDERS, "no responders");
    return stream.append(message, lastSequence);
  }

  stream(name: string): Stream {
    const stream = this.streams.get(name);
    if (stream === undefined) throw new Refusal(STREAM_NOT_FOUND, "stream not found");
    return stream;
  }

  consumer(stream: string, name: string): Consumer {
    const consumer = this.stream(stream).consumers.get(name);
    if (consumer === undefined) throw new Refusal(CONSUMER_NOT_FOUND, "consumer not found");
    return consumer;
  }

  /** The same, or undefined when it is not there. */
  findConsumer(stream: string, name: string): Consumer | undefined {
    return this.streams.get(stream)?.consumers.get(name);
  }

  #provideStream(name: string): Stream {
    const known = this.streams.get(name);
    if (known !== undefined) return known;
    this.#world.note("broker", "new stream", name);
    const stream = new Stream(this.#world, name, this.#limits);
    this.streams.set(name, stream);
    return stream;
  }
}

/** nats-server 2.9 knows one filter or none: a reader of several events is handed all. */
function filterOf(producer: string, events: readonly string[]): string | undefined {
  const [only, ...more] = events;
  return only === undefined || more.length > 0 ? undefined : eventSubject(producer, only);
}
