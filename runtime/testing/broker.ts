import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Environment } from "../contract/environment.ts";
import { realEnvironment } from "../host/real-environment.ts";
import type { Log } from "../telemetry/log.ts";
import type { Manifest } from "../transport/manifest.ts";
import { Connection } from "../transport/nats/connection.ts";
import { authenticatorOf } from "../transport/nats/keys.ts";
import { type NatsOptions, openNats } from "../transport/nats/nats.ts";
import { provisioner } from "../transport/nats/provision.ts";
import { type NatsServer, startNatsServer } from "../transport/nats/server.ts";
import { silent } from "./silent-log.ts";

const STREAM_BYTES_MAX = 64 * 1024 * 1024;

/** The transport over NATS. */
export type Nats = Awaited<ReturnType<typeof openNats>>;

/** Connects to a test's broker as instances of a system do. */
export interface ConnectTo {
  readonly users: readonly string[];
  readonly here?: ReadonlySet<string>;
  readonly environment?: Environment;
  readonly instance?: string;
  /** The process in words. */
  readonly place?: string;
  /** Left out where signs of life would disturb. */
  readonly balance?: NatsOptions["balance"];
}

/** A real nats-server for tests, with the users, permissions and streams that a manifest needs. */
export class Broker implements AsyncDisposable {
  readonly folder = mkdtempSync(`${tmpdir()}/cleave-nats-`);
  readonly environment = realEnvironment();
  readonly #manifest: Manifest;
  readonly #streamBytesMax: number;
  #server: NatsServer | undefined;
  #provisioning: Connection | undefined;
  #endWatch = () => {};

  private constructor(manifest: Manifest, streamBytesMax: number) {
    this.#manifest = manifest;
    this.#streamBytesMax = streamBytesMax;
  }

  static async open(manifest: Manifest, streamBytesMax = STREAM_BYTES_MAX): Promise<Broker> {
    const broker = new Broker(manifest, streamBytesMax);
    await broker.start();
    return broker;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Starts the server, on the port that it had before if any, and makes what is missing on it. */
  async start(port?: number): Promise<void> {
    const { folder, environment } = this;
    const executable = process.env["NATS_SERVER"];
    const options = { folder, manifest: this.#manifest, environment, log: silent };
    this.#server = await startNatsServer({ ...options, executable, port });
    await this.provision();
  }

  /** Makes what streams and consumers are missing. */
  async provision(): Promise<void> {
    const user = "provisioner";
    this.#provisioning ??= await Connection.open({
      url: this.url,
      user,
      name: user,
      authenticator: authenticatorOf(this.folder, user),
      log: silent,
    });
    await this.#provisioner().ensure();
  }

  /** Deletes all streams and makes them anew. */
  async wipe(): Promise<void> {
    for (const { name, events } of this.#manifest) {
      if (events.length === 0) continue;
      await this.#provisioning?.client.request(`$JS.API.STREAM.DELETE.EV_${name}`, "");
    }
    await this.provision();
  }

  /** How many messages a producer's stream has taken so far. */
  async stored(producer: string): Promise<number> {
    const link = await this.link(producer, silent);
    const { lastSeq } = await link.streamEnd(`EV_${producer}`).finally(() => link.close());
    return lastSeq;
  }

  /** Connects as one user, and tells the log what is refused. */
  link(user: string, log: Log): Promise<Connection> {
    const { url, folder } = this;
    const authenticator = authenticatorOf(folder, user);
    return Connection.open({ url, user, name: user, authenticator, log });
  }

  /** Connects as these users. */
  connect({ users, here, environment, instance = "test", ...about }: ConnectTo): Promise<Nats> {
    const { url, folder } = this;
    const { balance, place = "a test" } = about;
    return openNats({
      connect: (user) =>
        Connection.open({
          url,
          user,
          name: `${instance} ${user}`,
          authenticator: authenticatorOf(folder, user),
          log: silent,
        }),
      instance,
      manifest: this.#manifest,
      here: here ?? new Set(),
      users,
      ...(balance !== undefined && { balance }),
      place,
      environment: environment ?? this.environment,
      reminder: this.environment,
      log: silent,
    });
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    if (this.#server === undefined) return;
    process.kill(this.#server.pid, "SIGKILL");
    await this.#server.died;
    await this.#gone();
  }

  /** Has the server stop. */
  async stop(): Promise<void> {
    await this.#server?.stop();
    await this.#gone();
  }

  /** Makes streams and consumers anew that are gone or damaged, until the server ends. */
  watch(): void {
    this.#endWatch = this.#provisioner().watch();
  }

  async #gone(): Promise<void> {
    this.#server = undefined;
    this.#endWatch();
    await this.#provisioning?.close();
    this.#provisioning = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endWatch();
    await this.#provisioning?.close();
    await this.#server?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #provisioner() {
    const { environment } = this;
    return provisioner({
      connection: (this.#provisioning as Connection).client,
      manifest: this.#manifest,
      streamBytesMax: this.#streamBytesMax,
      environment,
      log: silent,
    });
  }
}

const opened = new Map<string, Promise<Broker>>();

/** The broker of this test file for modules with this manifest; it ends with the file. */
export function brokerFor(manifest: Manifest): Promise<Broker> {
  const name = JSON.stringify(manifest);
  const known = opened.get(name) ?? Broker.open(manifest);
  opened.set(name, known);
  return known;
}

afterAll(async () => {
  for (const broker of opened.values()) await (await broker)[Symbol.asyncDispose]();
});
