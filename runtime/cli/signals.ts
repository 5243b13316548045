import type { Environment } from "../contract/environment.ts";
import { isSupervised, onStopRequests } from "../host/child-protocol.ts";
import { watchLauncher } from "../host/launcher.ts";

/** Milliseconds in which a SIGTERM waits for the supervisor to say that it has got one, too. */
const SUPERVISOR_MS = 500;
/**
 * Milliseconds in which a second SIGTERM is the same request: one that is sent to the whole group
 * reaches this process directly and through `bun run`.
 */
const SAME_MS = 1_000;

/** The handling of requests to stop. */
export interface StopRequests {
  /** Called at the second one. */
  readonly again: () => void;
  /** Milliseconds that a process whose supervisor is gone may take to stop. */
  readonly stopMs: number;
}

/**
 * Resolves at the first request to stop, and calls `again` at the next one.
 *
 * A supervised process is told by its supervisor, through its standard input, or by the end of that
 * when the supervisor is gone. A SIGTERM counts unless the supervisor stops as well, which then
 * says when: a signal to the whole group must not end the modules before the gateways.
 */
export function stopAsked(
  environment: Environment,
  { again, stopMs }: StopRequests,
): Promise<void> {
  return new Promise((resolve) => {
    if (isSupervised()) {
      process.on("SIGINT", () => {});
      let isHeld = false;
      process.on("SIGTERM", () => {
        environment.after(SUPERVISOR_MS, () => isHeld || resolve());
      });
      onStopRequests({
        hold: () => {
          isHeld = true;
        },
        stop: resolve,
        orphaned: () => {
          environment.after(stopMs, () => process.exit(1));
          resolve();
        },
      });
      return;
    }
    let askedAtMs: number | undefined;
    const stop = (signal: NodeJS.Signals) => {
      const nowMs = environment.monotonic();
      const isSame = signal === "SIGTERM" && nowMs - (askedAtMs ?? nowMs) < SAME_MS;
      if (askedAtMs !== undefined && !isSame) again();
      askedAtMs ??= nowMs;
      resolve();
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    watchLauncher(environment, resolve);
  });
}
