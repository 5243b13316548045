import { existsSync, mkdtempSync, rmdirSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Call } from "../contract/call.ts";
import { type Contract, moduleName, proceduresOf } from "../contract/contract.ts";
import { operationsOf } from "../module/operations.ts";
import type { Report } from "../transport/report.ts";
import { fromWire, toWire, type WireError } from "../transport/wire-error.ts";
import { isSupervised } from "./child-protocol.ts";
import { StartError } from "./start-error.ts";

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

/** The same, as it comes through the door. */
export interface ProcessStatus extends ControlStatus {
  /** Which to stop, the supervisor of a topology. Missing in what an earlier version says. */
  readonly pid?: number;
}

/** What is behind the door. */
export interface Controlled {
  /** Every contract that may be called. */
  readonly offered: readonly Contract[];
  readonly call: Call<Contract>;
  readonly status: () => ControlStatus;
}

type ControlReply = { readonly output: unknown } | { readonly error: WireError };

/** How long whoever listens on a socket may take to answer, in milliseconds. */
const ANSWER_MS = 2_000;
/** The longest path of a socket that every system takes, in bytes. A longer one is shortened. */
const PATH_MAX = 100;

/**
 * Opens a socket in the data folder through which this user may call any procedure and operation as
 * the system, and ask how the process is.
 *
 * Whoever may enter the folder could read the databases as well, so the folder's mode guards it.
 * Throws a StartError when the socket cannot be opened.
 */
export function openControl(folder: string, { offered, call, status }: Controlled): Control {
  const path = socketIn(folder);
  const contracts = new Map(offered.map((contract) => [contract[moduleName], contract]));
  const server = listen(folder, async (request) => {
    if (request.method === "GET") {
      const about: ProcessStatus = { ...status(), pid: toStop() };
      return Response.json(about);
    }
    // Only this user reaches the socket; names are looked up, and the call checks the input.
    const asked = (await request.json()) as ControlRequest;
    return Response.json(await answer(asked, contracts, call));
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
  const response = await ask(folder, { method: "POST", body: JSON.stringify(asked) });
  if (response === undefined) return undefined;
  // The other end of the socket is openControl, of this version or an earlier one.
  const reply = (await response.json()) as ControlReply;
  if ("error" in reply) throw fromWire(reply.error);
  return reply;
}

/** How the process is that holds the door of a data folder; undefined when none does. */
export async function askStatus(folder: string): Promise<ProcessStatus | undefined> {
  const response = await ask(folder, {});
  // The other end of the socket is openControl, of this version or an earlier one.
  return response === undefined ? undefined : ((await response.json()) as ProcessStatus);
}

/**
 * Throws a StartError when a system runs over a data folder already, in one process or in many: a
 * second one would take its control socket from it.
 */
export async function assertNothingRuns(folder: string): Promise<void> {
  let owner = "another process";
  try {
    const answer = await ask(folder, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer === undefined) return;
    // As for askStatus.
    const { pid } = (await answer.json()) as ProcessStatus;
    if (pid !== undefined) owner = `process ${pid}`;
  } catch {
    // Somebody listens, and is busy, or another user's.
  }
  throw new StartError(
    `The data folder ${folder} is owned by ${owner}. Stop that process, or start this one ` +
      `with another DATA_DIR. It listens on ${socketIn(folder)}.`,
  );
}

/** The process to stop for this one to end and not to be started again. */
function toStop(): number {
  return isSupervised() ? process.ppid : process.pid;
}

function listen(folder: string, serve: (request: Request) => Promise<Response>) {
  const path = socketIn(folder);
  const way = shortWay(path);
  try {
    rmSync(path, { force: true });
    return Bun.serve({ unix: way.path, fetch: serve });
  } catch (cause) {
    throw new StartError(
      `The control socket ${path} cannot be opened: ${String(cause)}. The commands status and ` +
        "user create need it. Make room for it there, or choose another DATA_DIR.",
      { cause },
    );
  } finally {
    way.remove();
  }
}

/** Asks whoever listens on the socket of a data folder; undefined when nobody does. */
async function ask(folder: string, about: RequestInit): Promise<Response | undefined> {
  const path = socketIn(folder);
  if (!existsSync(path)) return undefined;
  const way = shortWay(path);
  try {
    return await fetch("http://control/", { ...about, unix: way.path });
  } catch (cause) {
    if (isNobody(cause)) return undefined;
    throw new StartError(
      `The system that runs over ${folder} cannot be asked through ${path}: ${String(cause)}. ` +
        "Ask as the user who started it.",
      { cause },
    );
  } finally {
    way.remove();
  }
}

/** Whether nobody listens: the socket is gone, or is left of a process that was killed. */
function isNobody(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return ["ENOENT", "ECONNREFUSED", "ECONNRESET", "ConnectionRefused"].includes(String(error.code));
}

/**
 * A path to a socket that is short enough for the system: through a link in a temporary folder that
 * only this user can enter. The socket itself lies where it should. Remove it once it was used.
 */
function shortWay(path: string): { readonly path: string; remove(): void } {
  if (Buffer.byteLength(path) <= PATH_MAX) return { path, remove() {} };
  const folder = mkdtempSync(join(tmpdir(), "cleave-"));
  const link = join(folder, "d");
  symlinkSync(dirname(path), link);
  return {
    path: join(link, basename(path)),
    remove() {
      unlinkSync(link);
      rmdirSync(folder);
    },
  };
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
    // The call checks the input against the contract of the procedure.
    return { output: await call(found, input as never) };
  } catch (error) {
    return { error: toWire(error) };
  }
}

function socketIn(folder: string): string {
  return resolve(folder, "control.sock");
}
