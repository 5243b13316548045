import { CONSOLE, GATEWAY } from "../contract/broker-users.ts";
import type { Environment } from "../contract/environment.ts";
import type { Log } from "../telemetry/log.ts";
import { Connection } from "../transport/nats/connection.ts";
import { authenticatorOf } from "../transport/nats/keys.ts";
import { survey } from "../transport/nats/survey.ts";
import type { Report } from "../transport/report.ts";
import { brokerUrl } from "./broker-url.ts";
import { typedOver } from "./data-folder.ts";
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
  if (url === undefined) throw nothingRuns(folder);
  const connection = await connectTo(url, about);
  const names = [...about.names, GATEWAY];
  return {
    async reports() {
      const reports = await survey({ connection, names, environment });
      if (reports.length > 0) return reports;
      throw new StartError(
        `The nats-server at ${url} runs, and nobody answers there. Start all of it again: ` +
          `${typedOver(folder, "start --topology <its name or file>")}. Instances that are ` +
          `started one by one take --instance <name> --nats ${url} as well.`,
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
    if (about.url === undefined) throw nothingRuns(folder, { url, cause });
    // The cause alone: what the connection advises beside it are flags that a status has not.
    const why = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    const reason = why instanceof Error ? why.message : String(why);
    const what = `The gateway over ${folder} runs, but not what it meets the others at`;
    throw new StartError(`${what}. ${reason}`, { cause });
  }
}

/** With the address where the system met last, if it is known and nobody is there. */
function nothingRuns(
  folder: string,
  last?: { readonly url: string; readonly cause: unknown },
): StartError {
  const nothing = `Nothing runs over ${folder}. Start it: ${typedOver(folder, "start")}.`;
  if (last === undefined) return new StartError(nothing);
  const { url, cause } = last;
  const where = `It met last at ${url}, where the console cannot connect: a nats-server of your`;
  return new StartError(`${nothing} ${where} own is to be started first.`, { cause });
}
