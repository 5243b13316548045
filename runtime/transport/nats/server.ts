import { mkdirSync, rmSync } from "node:fs";
import type { Environment } from "../../contract/environment.ts";
import { ownerLock } from "../../store/owner-lock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Manifest } from "../manifest.ts";
import { BrokerError } from "./broker-error.ts";
import { findNatsServer, isOlder } from "./executable.ts";
import { makeKeys } from "./keys.ts";
import { TERM_MS_MAX } from "./limits.ts";
import { permissionsOf } from "./permissions.ts";
import { SELF_TEST } from "./self-test.ts";
import { serverFiles, writeServerConfig } from "./server-config.ts";
import { stopOrphan } from "./server-process.ts";

/** Recovering large streams takes its time. */
const READY_MS_MAX = 60_000;
const RELOAD_MS_MAX = 10_000;
const LINES_REMEMBERED_MAX = 20;

/** What a server of Cleave's own is started with. */
export interface ServerOptions {
  /** The data folder: keys, config and streams are below `nats/` in it. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly environment: Environment;
  readonly log: Log;
  /** The file of nats-server; it is looked for when not given. */
  readonly executable?: string | undefined;
  /** A free one when not given. */
  readonly port?: number | undefined;
  /** When stored messages are forced to the disk: `always`, or after a time like `10s`. */
  readonly syncInterval?: string | undefined;
  /** Gives the start up when it aborts: the server is ended, ready or not. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the server's process id as soon as it has one, long before it is ready. */
  readonly spawned?: (pid: number) => void;
}

/** A nats-server that runs as a child of this process, on the loopback of this machine. */
export interface NatsServer {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
  /** Has it read its users anew. Rejects with what it says when it does not take them. */
  reload(): Promise<void>;
  /**
   * Ends it, by force when it has not ended after so many milliseconds, by default 5,000. Stopping
   * twice is harmless.
   */
  stop(graceMs?: number): Promise<void>;
  /** Resolves with a sentence when it ends without having been asked to. */
  readonly died: Promise<string>;
}

/**
 * Starts nats-server over a data folder, with keys and permissions by the manifest, and resolves
 * when it is ready for connections.
 *
 * One process at a time runs the server of a folder. A server that was left behind by a process
 * that was killed is ended first: two of them would spoil the streams. Rejects with a BrokerError,
 * or a StoreError when the folder is taken, and nothing is left running.
 */
export async function startNatsServer(options: ServerOptions): Promise<NatsServer> {
  const { folder, manifest, environment, port = -1, syncInterval } = options;
  const { path, version } = findNatsServer(options.executable);
  if (syncInterval !== undefined && isOlder(version, "2.10.0")) {
    throw new BrokerError(
      `${path} is nats-server ${version} and knows no sync interval (${syncInterval}). ` +
        "Take 2.10 or newer, or leave the interval out.",
    );
  }
  const files = serverFiles(folder);
  mkdirSync(files.store, { recursive: true, mode: 0o700 });
  const unlock = ownerLock(files.lock, "nats-server");
  try {
    await stopOrphan({ pidFile: files.pid, config: files.config, environment });
    makeKeys(folder, permissionsOf(manifest).keys());
    writeServerConfig({ folder, port, syncInterval }, manifest);
    rmSync(files.formerUsers, { force: true });
    options.signal?.throwIfAborted();
    const child = new ServerChild([path, "-c", files.config], options);
    options.spawned?.(child.pid);
    options.signal?.addEventListener("abort", () => void child.stop(), { once: true });
    void child.ended.then(unlock);
    return { ...(await child.ready()), version };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The child process, known by what it says. */
class ServerChild {
  readonly ended: Promise<void>;
  readonly #options: ServerOptions;
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe">;
  readonly #listeners = new Set<(line: string) => void>();
  readonly #lines: string[] = [];
  readonly #read: Promise<void>;
  #stopping: Promise<void> | undefined;

  constructor(command: string[], options: ServerOptions) {
    this.#options = options;
    this.#process = Bun.spawn(command, {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      detached: true, // Else Ctrl-C would end it before the modules have finished.
    });
    this.#read = this.#readLines();
    this.ended = Promise.all([this.#process.exited, this.#read]).then(() => {});
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Resolves when the server takes connections. */
  async ready(): Promise<Omit<NatsServer, "version">> {
    let url = "";
    const outcome = await this.#outcome(READY_MS_MAX, (line) => {
      const address = line.match(/Listening for client connections on (\S+)/)?.[1];
      if (address !== undefined) url = `nats://${address}`;
      return line.includes("Server is ready");
    });
    if (outcome !== "said") {
      await this.stop();
      const why = outcome === "late" ? `was not ready after ${READY_MS_MAX} ms` : "did not start";
      throw new BrokerError(`nats-server ${why}. It said: ${this.#complaints()}`);
    }
    return {
      url,
      pid: this.#process.pid,
      reload: () => this.#reload(),
      stop: (graceMs) => this.stop(graceMs),
      died: this.#died(),
    };
  }

  async stop(graceMs = TERM_MS_MAX): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    await this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const cancel = this.#options.environment.after(graceMs, () => {
      this.#options.log.warn(`nats-server ignored SIGTERM for ${graceMs} ms; it is killed`);
      this.#process.kill("SIGKILL");
    });
    this.#process.kill("SIGTERM");
    await this.ended;
    cancel();
  }

  async #reload(): Promise<void> {
    let refusal: string | undefined;
    const done = this.#outcome(RELOAD_MS_MAX, (line) => {
      if (line.includes("Failed to reload")) refusal = line;
      return refusal !== undefined || line.includes("Reloaded server configuration");
    });
    this.#process.kill("SIGHUP");
    const outcome = await done;
    if (outcome === "said" && refusal === undefined) return;
    throw new BrokerError(
      `nats-server did not take its new config (${serverFiles(this.#options.folder).accounts}). ` +
        `It goes on with the one before. It said: ${refusal ?? this.#complaints()}`,
    );
  }

  /** Waits for a line; or for the end, or until it takes too long. */
  #outcome(msMax: number, isIt: (line: string) => boolean): Promise<"said" | "ended" | "late"> {
    return new Promise((resolve) => {
      const settle = (outcome: "said" | "ended" | "late") => {
        this.#listeners.delete(listener);
        cancel();
        resolve(outcome);
      };
      const listener = (line: string) => {
        if (isIt(line)) settle("said");
      };
      const cancel = this.#options.environment.after(msMax, () => settle("late"));
      this.#listeners.add(listener);
      void this.ended.then(() => settle("ended"));
    });
  }

  async #died(): Promise<string> {
    await this.ended;
    if (this.#stopping !== undefined) return new Promise(() => {});
    const how = this.#process.signalCode ?? this.#process.exitCode;
    return `nats-server ended by itself (${how}). It said: ${this.#complaints()}`;
  }

  async #readLines(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#process.stderr) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(line);
    }
    if (rest !== "") this.#take(rest);
  }

  #take(line: string): void {
    const [, level = "ERR", text = line] = line.match(/\[([A-Z]{3})\] (.*)$/) ?? [];
    if (/^(WRN|ERR|FTL)$/.test(level) && !text.includes(SELF_TEST)) {
      this.#options.log.warn(`nats-server: ${text}`);
      this.#lines.push(text);
      if (this.#lines.length > LINES_REMEMBERED_MAX) this.#lines.shift();
    }
    for (const listener of this.#listeners) listener(text);
  }

  #complaints(): string {
    return this.#lines.join(" | ") || "nothing";
  }
}
