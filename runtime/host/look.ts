import type { Environment } from "../contract/environment.ts";
import type { Log } from "../telemetry/log.ts";
import { askStatus } from "./control.ts";
import { StartError } from "./start-error.ts";
import { type SystemStatus, systemStatus } from "./system-status.ts";

const BETWEEN_LOOKS_MS = 1_000;

/** What is looked at, and with what. */
export interface LookOptions {
  /** The path of the data folder. */
  readonly folder: string;
  /** The names of all modules of the system. */
  readonly modules: readonly string[];
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Looks at the system that runs over a data folder: through the control socket where it is one
 * process, else over NATS as the console. Throws a StartError when there is nothing to see.
 */
export async function lookAt(options: LookOptions): Promise<SystemStatus> {
  const { folder, modules, environment } = options;
  const process = await askStatus(folder);
  if (process?.natsUrl === null) {
    await pause(environment);
    const now = await askStatus(folder);
    if (now === undefined) throw new StartError("The process stopped while it was looked at.");
    return systemStatus({ modules, before: process.reports, now: now.reports });
  }
  // NATS is loaded where it is spoken.
  const { openNatsLook } = await import("./nats-look.ts");
  const about = { ...options, names: modules, url: process?.natsUrl };
  await using look = await openNatsLook(about);
  const before = await look.reports();
  await pause(environment);
  return systemStatus({ modules, before, now: await look.reports() });
}

function pause(environment: Environment): Promise<void> {
  return new Promise((resolve) => environment.after(BETWEEN_LOOKS_MS, resolve));
}
