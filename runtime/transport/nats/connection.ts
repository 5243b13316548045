import {
  type Authenticator,
  connect,
  type NatsConnection,
  type Status,
} from "@nats-io/transport-node";
import type { Log } from "../../telemetry/log.ts";
import { inboxOf } from "./subjects.ts";

/** The oldest nats-server that is worked with; it is what Debian 12 has. */
const VERSION_FLOOR = [2, 9, 10] as const;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_WAIT_MS = 200;
const RECONNECT_JITTER_MS = 200;
/** Two pings without an answer, and the connection counts as lost. */
const PING_INTERVAL_MS = 5_000;

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
 * The client drops what is published while it is not connected, and lets requests hang: look at
 * `isUp` first, and hear of a loss by `onDown`. It reconnects for as long as it lives.
 */
export class Connection {
  readonly url: string;
  readonly user: string;
  readonly client: NatsConnection;
  readonly #log: Log;
  readonly #down = new Set<() => void>();
  readonly #up = new Set<() => void>();
  #isUp = true;

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
    const client = await connect({
      servers: url,
      name,
      inboxPrefix: inboxOf(user),
      timeout: CONNECT_TIMEOUT_MS,
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
      throw new Error(
        `The nats-server at ${url} is ${version}; Cleave needs ${VERSION_FLOOR.join(".")} or ` +
          "newer.",
      );
    }
    return new Connection(options, client);
  }

  /** False from the moment of a loss until the client has reconnected. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** The largest payload that the broker takes, in bytes. */
  get payloadBytesMax(): number {
    return this.client.info?.max_payload ?? 1_048_576;
  }

  /** Has `work` run at each loss of the connection. */
  onDown(work: () => void): void {
    this.#down.add(work);
  }

  /** Has `work` run each time the connection is there again after a loss. */
  onUp(work: () => void): void {
    this.#up.add(work);
  }

  /** Sends what is buffered and closes. */
  async close(): Promise<void> {
    if (this.client.isClosed()) return;
    if (this.#isUp) await this.client.drain().catch(() => this.client.close());
    else await this.client.close();
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
      this.#log.error("NATS refused something", { url, user, error: status.error });
    }
  }
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
