import { mkdirSync } from "node:fs";
import type { Environment } from "../contract/environment.ts";
import type { Module } from "../module/define-module.ts";
import { manifestOf } from "../module/manifest.ts";
import { ownerLock } from "../store/owner-lock.ts";
import { OwnedError } from "../store/store-error.ts";
import type { Log } from "../telemetry/log.ts";
import type { Manifest } from "../transport/manifest.ts";
import { BrokerError } from "../transport/nats/broker-error.ts";
import type { Connection } from "../transport/nats/connection.ts";
import { findNatsServer } from "../transport/nats/executable.ts";
import { assertKeys } from "../transport/nats/keys.ts";
import { permissionsOf } from "../transport/nats/permissions.ts";
import { rotateKey, rotateKeyByHand } from "../transport/nats/rotation.ts";
import { selfTest } from "../transport/nats/self-test.ts";
import { type NatsServer, startNatsServer } from "../transport/nats/server.ts";
import { serverFiles } from "../transport/nats/server-config.ts";
import { isServed, signalReload } from "../transport/nats/server-process.ts";
import { brokerUrl, forgetBrokerUrl, noteBrokerUrl } from "./broker-url.ts";
import type { Run } from "./child.ts";
import { hasRoom } from "./disk-room.ts";
import { openProvisioner } from "./nats-provision.ts";
import { StartError } from "./start-error.ts";
import type { Broker } from "./supervisor.ts";

/** After so many milliseconds without an answer a server hangs: after two looks at its streams. */
const SILENT_MS_MAX = 10_000;
/** How long one that hangs may take to end when it is asked to. */
const HANGING_GRACE_MS = 1_000;
/** How often the disk of one that hangs is looked at. */
const ROOM_CHECK_MS = 1_000;

/** What a broker needs to know of the system that it is to carry. */
export interface BrokerNeeds {
  /** All modules: what they declare decides who may say what. */
  readonly modules: readonly Module[];
  /** The path of the data folder, which is there. */
  readonly folder: string;
  /** The file of nats-server; it is looked for when not given. */
  readonly executable: string | undefined;
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Prepares a nats-server of this machine, and doesn't start it.
 *
 * Throws a StartError when there is none that can be used, or when the folder's own runs already:
 * that one does not end by being waited for. Throws a StoreError when a NATS key is damaged.
 */
export function openBroker(needs: BrokerNeeds): Broker {
  try {
    findNatsServer(needs.executable);
  } catch (cause) {
    throw new StartError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  refuseSecond(needs.folder);
  assertKeys(needs.folder, permissionsOf(manifestOf(needs.modules)).keys());
  const port = freePort();
  return { url: `nats://127.0.0.1:${port}`, start: () => new BrokerRun(needs, port) };
}

/** Who was killed has no lock any more, whatever it has left behind. */
function refuseSecond(folder: string): void {
  const { store, lock } = serverFiles(folder);
  mkdirSync(store, { recursive: true, mode: 0o700 });
  try {
    ownerLock(lock, "nats-server")();
  } catch (cause) {
    if (!(cause instanceof OwnedError)) throw cause;
    throw new StartError(
      `A system of several processes runs over ${folder} already, with a nats-server of its own. ` +
        "Stop it first, or start this one with another DATA_DIR.",
      { cause },
    );
  }
}

/** A port that is free now: the server comes back where it was when it has died. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}

/** What became of a rotation, and where the server is. */
export interface Rotation {
  /** "rotated" where the server was made to read its config; else see `rotateKeyByHand`. */
  readonly state: "rotated" | "offered" | "adopted";
  readonly url: string;
}

/**
 * Gives a NATS user a new key while the system that runs over this data folder goes on. A server
 * that has a config of somebody else's is reloaded by its owner, between two calls.
 */
export async function rotateNatsKey(
  user: string,
  about: Pick<BrokerNeeds, "modules" | "folder" | "environment">,
): Promise<Rotation> {
  const { modules, folder, environment } = about;
  const url = brokerUrl(folder);
  if (url === undefined) {
    throw new StartError(`No nats-server of Cleave runs over ${folder}. Start a split topology.`);
  }
  const options = { folder, manifest: manifestOf(modules), url, environment };
  try {
    if (!isServed(folder)) return { state: await rotateKeyByHand(user, options), url };
    await rotateKey(user, { ...options, reload: () => signalReload(folder) });
    return { state: "rotated", url };
  } catch (cause) {
    throw cause instanceof BrokerError ? new StartError(cause.message, { cause }) : cause;
  }
}

/** One run of the server, with the provisioner that makes streams and consumers on it. */
class BrokerRun implements Run {
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
  readonly #needs: BrokerNeeds;
  readonly #manifest: Manifest;
  readonly #stopping = new AbortController();
  #starting: Promise<NatsServer> | undefined;
  /** The server's process, also while it is not ready. */
  #pid: number | undefined;
  #provisioning: Connection | undefined;
  #endWatch = () => {};
  #isHanging = false;
  #cancelRoomCheck = () => {};
  #end: (how: string) => void = () => {};

  constructor(needs: BrokerNeeds, port: number) {
    this.#needs = needs;
    this.#manifest = manifestOf(needs.modules);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const begun = this.#begin(port);
    this.ready = new Promise((resolve) => begun.then(resolve, () => {}));
    begun.catch((error: unknown) => this.#fail(error));
  }

  signal(name: "SIGTERM" | "SIGKILL"): void {
    // Whoever kills may end right after this: a server that only starts would be left behind.
    if (name === "SIGKILL" && this.#pid !== undefined) killed(this.#pid);
    this.#stopping.abort();
    void this.#stop("was stopped");
  }

  hold(): void {}

  async #begin(port: number): Promise<void> {
    const { folder } = this.#needs;
    const manifest = this.#manifest;
    const spawned = (pid: number) => {
      this.#pid = pid;
    };
    const options = { ...this.#needs, manifest, port, signal: this.#stopping.signal, spawned };
    this.#starting = startNatsServer(options);
    const server = await this.#starting;
    void server.died.then((how) => {
      this.#pid = undefined;
      this.#end(how);
    });
    await selfTest({ url: server.url, folder, manifest });
    const { url } = server;
    const { connection, provision } = await openProvisioner({ url, manifest }, this.#needs);
    this.#provisioning = connection;
    await provision.ensure();
    this.#endWatch = provision.watch((silentMs) => this.#checkHealth(silentMs));
    noteBrokerUrl(folder, url);
  }

  /**
   * Ends a server that has not answered for long. nats-server 2.9 never does again once a write has
   * met a full disk, and ignores SIGTERM; without room a new one could not start, so that is waited
   * for first.
   */
  #checkHealth(silentMs: number): void {
    this.#cancelRoomCheck();
    const isHanging = silentMs >= SILENT_MS_MAX && !this.#stopping.signal.aborted;
    const { folder, environment, log } = this.#needs;
    if (isHanging && !this.#isHanging) {
      log.error("nats-server does not answer; it is restarted as soon as its disk has room", {
        folder,
        silentMs: Math.round(silentMs),
      });
    }
    this.#isHanging = isHanging;
    if (!isHanging) return;
    if (hasRoom(serverFiles(folder).store)) {
      void this.#stop(`did not answer for more than ${SILENT_MS_MAX} ms`, HANGING_GRACE_MS);
      return;
    }
    this.#cancelRoomCheck = environment.after(ROOM_CHECK_MS, () => this.#checkHealth(silentMs));
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#needs.log.error("the broker could not be started", { error });
    await this.#stop(
      `could not be begun (${error instanceof Error ? error.message : String(error)})`,
    );
  }

  /** Ends also a server that is only on its way. */
  async #stop(how: string, graceMs?: number): Promise<void> {
    const { folder, log } = this.#needs;
    this.#endWatch();
    this.#cancelRoomCheck();
    try {
      // A server that hangs would not answer to a farewell.
      await this.#provisioning?.abandon();
      const server = await this.#starting?.catch(() => undefined);
      await server?.stop(graceMs);
      this.#pid = undefined;
      if (this.#stopping.signal.aborted) forgetBrokerUrl(folder);
    } catch (error) {
      log.error("the broker did not stop as it should", { folder, error });
    }
    this.#end(how);
  }
}

function killed(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
