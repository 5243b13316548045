import type { Log } from "../../telemetry/log.ts";
import { PAYLOAD_BYTES_MAX } from "../../transport/nats/limits.ts";
import type {
  Delivered,
  Link,
  Listening,
  Message,
  Reading,
  Sending,
  StreamEnd,
} from "../../transport/nats/link.ts";
import { JETSTREAM_API } from "../../transport/nats/subjects.ts";
import type { Process } from "../process.ts";
import type { World } from "../world.ts";
import { type Ask, Asks } from "./asks.ts";
import type { JetStream } from "./jet-stream.ts";
import type { Line } from "./line.ts";
import { SimulatedListening } from "./listening.ts";
import { SimulatedReading } from "./reading.ts";
import { SentMessage } from "./sent-message.ts";
import type { Violation } from "./violation.ts";

/** How long is waited for an answer about a stream, and about a consumer. */
const STREAM_ASK_MS = 5_000;
const CONSUMER_ASK_MS = 2_000;

/** What a link stands on. */
export interface LinkOptions {
  readonly world: World;
  readonly process: Process;
  readonly user: string;
  readonly url: string;
  /** Connected already. */
  readonly line: Line;
  readonly jetStream: JetStream;
  /** Is told what the broker refuses. */
  readonly log: Log;
}

/** One user's connection to the simulated broker, as the NATS client would keep it. */
export class SimulatedLink implements Link {
  readonly url: string;
  readonly user: string;
  readonly payloadBytesMax = PAYLOAD_BYTES_MAX;
  readonly #options: LinkOptions;
  readonly #line: Line;
  readonly #asks: Asks;
  readonly #listenings = new Set<SimulatedListening>();
  readonly #readings = new Set<SimulatedReading>();
  readonly #flushes = new Set<(error: Error) => void>();
  readonly #refused = new Set<(subject: string) => void>();
  #closed: Promise<void> | undefined;
  #messages = 0;

  constructor(options: LinkOptions) {
    const { world, process, line, user, url } = options;
    this.#options = options;
    this.#line = line;
    this.user = user;
    this.url = url;
    this.#asks = new Asks(world, process);
    line.onUp(() => this.#resume());
    line.onDown(() => this.#rejectFlushes());
    line.onRefused((violation) => this.#hear(violation));
  }

  get isUp(): boolean {
    return this.#line.session !== undefined;
  }

  get isClosed(): boolean {
    return this.#line.isClosed;
  }

  get messages(): number {
    return this.#messages;
  }

  onDown(work: () => void): void {
    this.#line.onDown(work);
  }

  onUp(work: () => void): void {
    this.#line.onUp(work);
  }

  onRefused(work: (subject: string) => void): void {
    this.#refused.add(work);
  }

  listen(
    subject: string,
    take: (message: Message) => void,
    among?: { readonly queue: string },
  ): Listening {
    const about = { subject, queue: among?.queue };
    const hand = (message: Message) => {
      this.#messages += 1;
      take(message);
    };
    const listening = new SimulatedListening(about, hand, (one) => this.#endListening(one));
    this.#listenings.add(listening);
    this.#listenTo(listening);
    return listening;
  }

  publish(subject: string, payload: Uint8Array | string, about: Sending = {}): void {
    const message = new SentMessage(subject, payload, about);
    assertSize(message);
    this.#messages += 1;
    const session = this.#line.session;
    session?.wire.up.send({ to: session, message });
  }

  flush(): Promise<void> {
    const session = this.#line.session;
    if (session === undefined) return Promise.reject(new Error("There is no connection."));
    const { up, down } = session.wire;
    return new Promise((resolve, reject) => {
      this.#flushes.add(reject);
      const pong = () => {
        this.#flushes.delete(reject);
        resolve();
      };
      up.tell(() => down.tell(pong));
    });
  }

  async append(
    subject: string,
    payload: string,
    about: { readonly headers: string; readonly lastSequence: number; readonly timeoutMs: number },
  ): Promise<void> {
    const { headers, lastSequence, timeoutMs } = about;
    const lines = `Nats-Expected-Last-Sequence: ${lastSequence}\r\n${headers}`;
    const message = new SentMessage(subject, payload, { headers: lines });
    assertSize(message);
    const work = () => void this.#options.jetStream.append(message, lastSequence);
    const what = `append ${subject} after ${lastSequence} ${payload}`;
    await this.#ask({ what, subject, timeoutMs, work });
  }

  streamEnd(stream: string): Promise<StreamEnd> {
    const work = () => this.#options.jetStream.stream(stream).end;
    const subject = `${JETSTREAM_API}.STREAM.INFO.${stream}`;
    return this.#ask({ what: `end of ${stream}`, subject, timeoutMs: STREAM_ASK_MS, work });
  }

  delivered(stream: string, consumer: string): Promise<number | undefined> {
    const work = () => this.#options.jetStream.findConsumer(stream, consumer)?.delivered;
    const about = { what: `${consumer} of ${stream}`, timeoutMs: STREAM_ASK_MS };
    return this.#ask({
      ...about,
      subject: `${JETSTREAM_API}.CONSUMER.INFO.${stream}.${consumer}`,
      work,
    });
  }

  stored(stream: string, sequence: number): Promise<Message | undefined> {
    const work = () => this.#options.jetStream.stream(stream).at(sequence)?.message;
    const about = { what: `${stream} at ${sequence}`, timeoutMs: STREAM_ASK_MS };
    return this.#ask({ ...about, subject: `${JETSTREAM_API}.STREAM.MSG.GET.${stream}`, work });
  }

  async read(
    about: { readonly stream: string; readonly consumer: string; readonly aheadMax: number },
    take: (message: Delivered) => void,
  ): Promise<Reading> {
    const { world, jetStream } = this.#options;
    const { stream, consumer } = about;
    const work = () => void jetStream.consumer(stream, consumer);
    const subject = `${JETSTREAM_API}.CONSUMER.INFO.${stream}.${consumer}`;
    const what = `${consumer} of ${stream}`;
    await this.#ask({ what, subject, timeoutMs: CONSUMER_ASK_MS, work });
    const session = () => this.#line.session;
    const reading = new SimulatedReading({ ...about, world, jetStream, session, take });
    this.#readings.add(reading);
    void reading.ended.then(() => this.#readings.delete(reading));
    reading.pullAnew();
    return reading;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.isUp) {
      await Promise.all([...this.#listenings].map((one) => one.drain()));
      await this.flush().catch(() => {});
    }
    this.#end();
  }

  async abandon(): Promise<void> {
    this.#line.session?.wire.up.loseUnsent();
    this.#end();
  }

  #end(): void {
    this.#line.close();
    for (const listening of this.#listenings) listening.isClosed = true;
    for (const reading of this.#readings) reading.end();
    this.#asks.endAll();
    this.#rejectFlushes();
  }

  #ask<Answer>(asked: Ask<Answer>): Promise<Answer> {
    if (this.isClosed) return Promise.reject(new Error("The connection is closed."));
    return this.#asks.ask(this.#line.session, asked);
  }

  async #endListening(listening: SimulatedListening): Promise<void> {
    const session = this.#line.session;
    session?.wire.up.tell(() => session.unlisten(listening));
    await this.flush().catch(() => {});
    listening.isClosed = true;
    this.#listenings.delete(listening);
  }

  #listenTo(listening: SimulatedListening): void {
    const session = this.#line.session;
    session?.wire.up.tell(() => session.listen(listening, listening));
  }

  #resume(): void {
    for (const listening of this.#listenings) this.#listenTo(listening);
    for (const reading of this.#readings) reading.pullAnew();
  }

  /** Is told what the user may not do; what it must not listen to is over, as with the client. */
  #hear(violation: Violation): void {
    const { url, user } = this;
    const { listening } = violation;
    const refused = [...this.#listenings].find(
      ({ subject, queue }) => subject === listening?.subject && queue === listening.queue,
    );
    if (refused !== undefined) {
      refused.isClosed = true;
      this.#listenings.delete(refused);
    }
    this.#options.log.error("NATS refused something", { url, user, error: violation });
    const { publishing } = violation;
    if (publishing !== undefined) for (const work of this.#refused) work(publishing);
  }

  #rejectFlushes(): void {
    for (const reject of this.#flushes) reject(new Error("The connection is lost."));
    this.#flushes.clear();
  }
}

/** Refuses what the client would not even send. */
function assertSize({ subject, bytes }: SentMessage): void {
  if (bytes <= PAYLOAD_BYTES_MAX) return;
  throw new RangeError(`${subject}: ${bytes} bytes are more than the broker takes.`);
}
