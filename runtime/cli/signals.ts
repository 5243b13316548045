import type { Environment } from "../contract/environment.ts";
import { SUPERVISED } from "../host/child.ts";
import { watchLauncher } from "../host/launcher.ts";

/** Milliseconds that a process whose supervisor is gone may take to stop. */
const ORPHAN_STOP_MS = 20_000;

/** True in a process that another one of this program has started and watches over. */
export function isSupervised(): boolean {
  return process.env[SUPERVISED] !== undefined;
}

/**
 * Resolves at the first request to stop, and calls `again` at the next one.
 *
 * A supervised process is told by its supervisor alone, which Ctrl-C reaches as well, or by the end
 * of its standard input, when the supervisor is gone.
 */
export function stopAsked(environment: Environment, again: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (isSupervised()) {
      process.on("SIGINT", () => {});
      process.on("SIGTERM", () => resolve());
      process.stdin.once("end", () => {
        environment.after(ORPHAN_STOP_MS, () => process.exit(1));
        resolve();
      });
      process.stdin.resume();
      return;
    }
    let asked = false;
    const stop = () => {
      if (asked) again();
      asked = true;
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    watchLauncher(environment, resolve);
  });
}
