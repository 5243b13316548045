import {
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import {
  type Authenticator,
  type MsgHdrs,
  type NatsConnection,
  PermissionViolationError,
  type Status,
} from "@nats-io/transport-node";
import type { Log } from "../../telemetry/log.ts";
import { BrokerError } from "./broker-error.ts";
import type { Delivered, Link, Listening, Message, Reading, Sending, StreamEnd } from "./link.ts";
import { connectPatiently } from "./patient-connect.ts";
import { inboxOf, JETSTREAM_API } from "./subjects.ts";

/** The oldest nats-server that is worked with; it is what Debian 12 has. */
const VERSION_FLOOR = [2, 9, 10] as const;
const RECONNECT_WAIT_MS = 200;
const RECONNECT_JITTER_MS = 200;
/** Two pings without an answer, and the connection counts as lost. */
const PING_INTERVAL_MS = 5_000;

/** How long one pull waits at the broker, and how often it must show that it lives. */
const PULL_MS = 5_000;
const PULL_HEARTBEAT_MS = 1_000;
/** How long the broker may take to answer before it is asked again. */
const ASK_MS = 2_000;
const jetStreamOptions = { apiPrefix: JETSTREAM_API, timeout: ASK_MS };
const managerOptions = { apiPrefix: JETSTREAM_API, checkAPI: false };
const NO_MESSAGE_FOUND = 10_037;
const CONSUMER_NOT_FOUND = 10_014;
const encoder = new TextEncoder();

/** Where and as whom to connect. */
export interface ConnectOptions {
  readonly url: string;
  /** The name of a module, or `gateway` and the like: the owner of the inbox. */
  readonly user: string;
  /** What the broker shows beside the connection. */
  readonly name: string;
  /** Proves who the user is; without it, a broker without users is expected. */
  readonly authenticator?: Authenticator | undefined;
  readonly log: Log;
}

/**
 * A connection to NATS that knows whether it is one.
 *
 * The client drops what is published while it is not connected, and lets requests hang. It
 * reconnects for as long as it lives.
 */
export class Connection implements Link {
  readonly url: string;
  readonly user: string;
  readonly client: NatsConnection;
  readonly #log: Log;
  readonly #down = new Set<() => void>();
  readonly #up = new Set<() => void>();
  readonly #refused = new Set<(subject: string) => void>();
  #isUp = true;
  #jetstream: JetStreamClient | undefined;
  #manager: JetStreamManager | undefined;

  private constructor({ url, user, log }: ConnectOptions, client: NatsConnection) {
    this.url = url;
    this.user = user;
    this.client = client;
    this.#log = log;
    void this.#watch();
  }

  /** Connects; rejects with a sentence when the broker is not there, refuses us or is too old. */
  static async open(options: ConnectOptions): Promise<Connection> {
    const { url, user, name, authenticator } = options;
    const client = await connectPatiently({
      servers: url,
      name,
      inboxPrefix: inboxOf(user),
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      pingInterval: PING_INTERVAL_MS,
      ignoreAuthErrorAbort: true,
      ...(authenticator !== undefined && { authenticator }),
    }).catch((cause: unknown) => {
      throw new Error(
        `${user} cannot connect to NATS at ${url}: ${reasonOf(cause)}. Start nats-server there, ` +
          "or give another address with NATS_URL or --nats.",
        { cause },
      );
    });
    const version = client.info?.version ?? "";
    if (isOld(version)) {
      await client.close();
      throw new BrokerError(
        `The nats-server at ${url} is ${version}; Cleave needs ${VERSION_FLOOR.join(".")} or ` +
          "newer.",
      );
    }
    return new Connection(options, client);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isClosed(): boolean {
    return this.client.isClosed();
  }

  get messages(): number {
    const { inMsgs, outMsgs } = this.client.stats();
    return inMsgs + outMsgs;
  }

  get payloadBytesMax(): number {
    return this.client.info?.max_payload ?? 1_048_576;
  }

  onDown(work: () => void): void {
    this.#down.add(work);
  }

  onUp(work: () => void): void {
    this.#up.add(work);
  }

  onRefused(work: (subject: string) => void): void {
    this.#refused.add(work);
  }

  listen(
    subject: string,
    take: (message: Message) => void,
    among?: { readonly queue: string },
  ): Listening {
    const subscription = this.client.subscribe(subject, {
      ...among,
      // What the broker refuses comes as an error without a message; the status tells of it too.
      callback: (error, message) => {
        if (error === null) take(message);
      },
    });
    return {
      get isClosed() {
        return subscription.isClosed();
      },
      drain: () => subscription.drain(),
    };
  }

  publish(subject: string, payload: Uint8Array | string, about: Sending = {}): void {
    const { reply, headers } = about;
    this.client.publish(subject, payload, {
      ...(reply !== undefined && { reply }),
      ...(headers !== undefined && { headers: written(headers) }),
    });
  }

  flush(): Promise<void> {
    return this.client.flush();
  }

  async append(
    subject: string,
    payload: string,
    about: { readonly headers: string; readonly lastSequence: number; readonly timeoutMs: number },
  ): Promise<void> {
    const { headers, lastSequence, timeoutMs } = about;
    this.#jetstream ??= jetstream(this.client, jetStreamOptions);
    const lines = `Nats-Expected-Last-Sequence: ${lastSequence}\r\n${headers}`;
    await this.#jetstream.publish(subject, payload, {
      headers: written(lines),
      timeout: timeoutMs,
    });
  }

  async streamEnd(stream: string): Promise<StreamEnd> {
    const { state } = await (await this.#managed()).streams.info(stream);
    const { messages, first_seq, last_seq: lastSeq } = state;
    return { messages, lastSeq, missing: messages === 0 ? 0 : lastSeq - first_seq + 1 - messages };
  }

  async delivered(stream: string, consumer: string): Promise<number | undefined> {
    try {
      const { consumers } = await this.#managed();
      return (await consumers.info(stream, consumer)).delivered.stream_seq;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) {
        return undefined;
      }
      throw error;
    }
  }

  async stored(stream: string, sequence: number): Promise<Message | undefined> {
    try {
      const streams = (await this.#managed()).streams;
      const found = await streams.getMessage(stream, { seq: sequence });
      if (found === null) return undefined;
      const { subject, header: headers } = found;
      return { subject, headers, string: () => found.string() };
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return undefined;
      throw error;
    }
  }

  async read(
    about: { readonly stream: string; readonly consumer: string; readonly aheadMax: number },
    take: (message: Delivered) => void,
  ): Promise<Reading> {
    this.#jetstream ??= jetstream(this.client, jetStreamOptions);
    const consumer = await this.#jetstream.consumers.get(about.stream, about.consumer);
    const messages = await consumer.consume({
      max_messages: about.aheadMax,
      expires: PULL_MS,
      idle_heartbeat: PULL_HEARTBEAT_MS,
      abort_on_missing_resource: true,
      callback: take,
    });
    return { ended: messages.closed(), close: () => messages.close() };
  }

  async close(): Promise<void> {
    if (this.client.isClosed()) return;
    if (this.#isUp) await this.client.drain().catch(() => this.client.close());
    else await this.client.close();
  }

  abandon(): Promise<void> {
    return this.client.close();
  }

  async #managed(): Promise<JetStreamManager> {
    this.#manager ??= await jetstreamManager(this.client, managerOptions);
    return this.#manager;
  }

  async #watch(): Promise<void> {
    for await (const status of this.client.status()) this.#take(status);
  }

  #take(status: Status): void {
    const { url, user } = this;
    if (status.type === "disconnect" && this.#isUp) {
      this.#isUp = false;
      this.#log.warn("connection to NATS lost", { url, user });
      for (const work of this.#down) work();
    } else if (status.type === "reconnect") {
      this.#isUp = true;
      this.#log.info("connected to NATS again", { url, user });
      for (const work of this.#up) work();
    } else if (status.type === "error") {
      const { error } = status;
      this.#log.error("NATS refused something", { url, user, error });
      if (!(error instanceof PermissionViolationError) || error.operation !== "publish") return;
      for (const work of this.#refused) work(error.subject);
    }
  }
}

/**
 * Headers that are already text: the client asks of them only to be encoded. Its own take five
 * times as long.
 */
function written(lines: string): MsgHdrs {
  const bytes = encoder.encode(`NATS/1.0\r\n${lines}\r\n`);
  // The client calls `encode` alone when it publishes.
  return { encode: () => bytes } as unknown as MsgHdrs;
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isOld(version: string): boolean {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, floor] of VERSION_FLOOR.entries()) {
    const part = parts[index] ?? 0;
    if (part !== floor) return part < floor;
  }
  return false;
}
