import type { Environment } from "../contract/environment.ts";
import type { Log } from "../telemetry/log.ts";
import { Connection } from "../transport/nats/connection.ts";
import { authenticatorOf } from "../transport/nats/keys.ts";
import { CONSOLE, GATEWAY } from "../transport/nats/permissions.ts";
import { survey } from "../transport/nats/survey.ts";
import type { Report } from "../transport/report.ts";
import { brokerUrl } from "./broker-url.ts";
import { StartError } from "./start-error.ts";

/** A way to look at a system over NATS. */
export interface NatsLook extends AsyncDisposable {
  /** How every service is that answers. Throws a StartError when none does. */
  reports(): Promise<readonly Report[]>;
}

/**
 * Connects as the console to where the system of a data folder meets. Throws a StartError when no
 * system meets anywhere, or its broker is not there or does not let the console in.
 */
export async function openNatsLook(about: {
  /** The path of the data folder. */
  readonly folder: string;
  /** The names of all modules. */
  readonly names: readonly string[];
  /** Where a process that runs meets the others; else the folder says where they met last. */
  readonly url: string | undefined;
  readonly environment: Environment;
  readonly log: Log;
}): Promise<NatsLook> {
  const { folder, environment } = about;
  const url = about.url ?? brokerUrl(folder);
  if (url === undefined) throw new StartError(`Nothing runs over ${folder}. Start it: bun start.`);
  const connection = await connectTo(url, about);
  const names = [...about.names, GATEWAY];
  return {
    async reports() {
      const reports = await survey({ connection, names, environment });
      if (reports.length > 0) return reports;
      throw new StartError(
        `The nats-server at ${url} runs, and nobody answers there. Start the instances with ` +
          `--nats ${url}, or all of them with bun start --topology split.`,
      );
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

async function connectTo(
  url: string,
  about: { readonly folder: string; readonly url: string | undefined; readonly log: Log },
): Promise<Connection> {
  const { folder, log } = about;
  try {
    const authenticator = authenticatorOf(folder, CONSOLE);
    return await Connection.open({ url, user: CONSOLE, name: CONSOLE, authenticator, log });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what =
      about.url === undefined
        ? `Nothing that runs over ${folder} can be reached`
        : `The gateway over ${folder} runs, but not what it meets the others at`;
    throw new StartError(`${what}. ${reason}`, { cause });
  }
}
