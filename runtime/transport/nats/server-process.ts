import { existsSync, readFileSync } from "node:fs";
import type { Environment } from "../../contract/environment.ts";
import { BrokerError } from "./broker-error.ts";
import { TERM_MS_MAX } from "./limits.ts";
import { serverFiles } from "./server-config.ts";

const LOOK_EVERY_MS = 50;
const KILL_MS_MAX = 10_000;

interface Running {
  readonly pidFile: string;
  /** The config file that the server was started with: it tells the process from others. */
  readonly config: string;
}

/** Ends a server that outlived the process that had started it. */
export async function stopOrphan(
  orphan: Running & { readonly environment: Environment },
): Promise<void> {
  const { environment, pidFile } = orphan;
  const pid = runningPid(orphan);
  if (pid === undefined) return;
  const startMs = environment.monotonic();
  signal(pid, "SIGTERM");
  let killed = false;
  while (runningPid(orphan) === pid) {
    await new Promise<void>((resolve) => environment.after(LOOK_EVERY_MS, resolve));
    const waitedMs = environment.monotonic() - startMs;
    if (waitedMs > KILL_MS_MAX) {
      throw new BrokerError(
        `The nats-server ${pid}, left behind in ${pidFile}, cannot be ended. End it by hand.`,
      );
    }
    if (waitedMs > TERM_MS_MAX && !killed) signal(pid, "SIGKILL");
    killed = waitedMs > TERM_MS_MAX;
  }
}

/** Reports whether a server runs that was started with the config of a data folder. */
export function isServed(folder: string): boolean {
  const { pid: pidFile, config } = serverFiles(folder);
  return runningPid({ pidFile, config }) !== undefined;
}

/**
 * Has the server of a data folder read its users anew, when another process runs it. It does so in
 * its own time; connect to see whether it has.
 */
export function signalReload(folder: string): void {
  const { pid: pidFile, config } = serverFiles(folder);
  const pid = runningPid({ pidFile, config });
  if (pid === undefined) {
    throw new BrokerError(
      `No nats-server of Cleave runs over ${folder}. Start Cleave there, or reload the server ` +
        "where it runs.",
    );
  }
  signal(pid, "SIGHUP");
}

function signal(pid: number, name: "SIGTERM" | "SIGKILL" | "SIGHUP"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** The process that the file names, if it lives and is that server; ids are used again. */
function runningPid({ pidFile, config }: Running): number | undefined {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, "utf8"));
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  return commandOf(pid).includes(config) ? pid : undefined;
}

function commandOf(pid: number): string {
  if (!existsSync("/proc/self/cmdline")) {
    return Bun.spawnSync(["ps", "-o", "command=", "-p", String(pid)]).stdout.toString();
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
