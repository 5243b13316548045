import { existsSync, rmSync } from "node:fs";
import type { Call } from "../contract/call.ts";
import { type Contract, moduleName, proceduresOf } from "../contract/contract.ts";
import { operationsOf } from "../module/operations.ts";
import type { Report } from "../transport/report.ts";
import { fromWire, toWire, type WireError } from "../transport/wire-error.ts";

/** A door into a running system for the command line on the same machine. */
export interface Control {
  close(): Promise<void>;
}

/** A procedure and its input, as the command line asks for it. */
export interface ControlRequest {
  readonly module: string;
  readonly procedure: string;
  readonly input: unknown;
}

/** What a process tells of itself through its door. */
export interface ControlStatus {
  /** Where it meets the others; null when it is all of the system. */
  readonly natsUrl: string | null;
  readonly reports: readonly Report[];
}

/** What is behind the door. */
export interface Controlled {
  /** Every contract that may be called. */
  readonly offered: readonly Contract[];
  readonly call: Call<Contract>;
  readonly status: () => ControlStatus;
}

type ControlReply = { readonly output: unknown } | { readonly error: WireError };

/** The longest path of a socket that every system takes, in bytes. */
const PATH_MAX = 100;

/**
 * Opens a socket in the data folder through which this user may call any procedure and operation as
 * the system, and ask how the process is.
 *
 * Whoever may enter the folder could read the databases as well, so the folder's mode guards it.
 */
export function openControl(folder: string, { offered, call, status }: Controlled): Control {
  const path = socketIn(folder);
  if (Buffer.byteLength(path) > PATH_MAX) return { close: async () => {} };
  if (existsSync(path)) rmSync(path);
  const contracts = new Map(offered.map((contract) => [contract[moduleName], contract]));
  const server = Bun.serve({
    unix: path,
    async fetch(request) {
      if (request.method === "GET") return Response.json(status());
      const asked = (await request.json()) as ControlRequest;
      return Response.json(await answer(asked, contracts, call));
    },
  });
  return {
    async close() {
      await server.stop(true);
      rmSync(path, { force: true });
    },
  };
}

/**
 * Asks the system that runs over a data folder. Returns undefined when none does.
 *
 * Throws what the procedure threw.
 */
export async function askRunning(
  folder: string,
  asked: ControlRequest,
): Promise<{ readonly output: unknown } | undefined> {
  const path = socketIn(folder);
  if (!existsSync(path)) return undefined;
  const response = await fetch("http://control/", {
    unix: path,
    method: "POST",
    body: JSON.stringify(asked),
  }).catch(() => undefined);
  if (response === undefined) return undefined;
  const reply = (await response.json()) as ControlReply;
  if ("error" in reply) throw fromWire(reply.error);
  return reply;
}

/** How the process is that holds the door of a data folder; undefined when none does. */
export async function askStatus(folder: string): Promise<ControlStatus | undefined> {
  const path = socketIn(folder);
  if (!existsSync(path)) return undefined;
  const response = await fetch("http://control/", { unix: path }).catch(() => undefined);
  return response === undefined ? undefined : ((await response.json()) as ControlStatus);
}

async function answer(
  { module, procedure, input }: ControlRequest,
  contracts: ReadonlyMap<string, Contract>,
  call: Call<Contract>,
): Promise<ControlReply> {
  const contract = contracts.get(module);
  const offered = contract && [...proceduresOf(contract), ...proceduresOf(operationsOf(module))];
  const found = offered?.find((one) => one.name === procedure);
  if (found === undefined) {
    const message = `There is no procedure ${module}.${procedure}.`;
    return { error: { kind: "contract", message } };
  }
  try {
    return { output: await call(found, input as never) };
  } catch (error) {
    return { error: toWire(error) };
  }
}

function socketIn(folder: string): string {
  return `${folder}/control.sock`;
}
