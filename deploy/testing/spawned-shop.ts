import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { client } from "../../modules/client.ts";
import { serverFiles } from "../../runtime/transport/nats/server-config.ts";

/** A shop in a process of its own, as `bun start` runs it, for tests that kill it. */
export interface SpawnedShop extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  /** A client, with headers to send along. */
  client(headers?: Record<string, string>): ReturnType<typeof client>;
  /** Asks the process to stop and resolves with its exit code. */
  stop(): Promise<number>;
  /** Resolves with the exit code when the process has ended by itself. */
  readonly exited: Promise<number>;
  /** All that the process has logged. */
  log(): Promise<string>;
}

export interface SpawnOptions {
  /** The data folder; a new one, removed at the end, when not given. */
  readonly folder?: string;
  readonly environment?: Record<string, string>;
  readonly arguments?: readonly string[];
}

const main = new URL("../main.ts", import.meta.url).pathname;

/** Makes an empty folder for data. */
export function temporaryFolder(): string {
  return mkdtempSync(`${tmpdir()}/cleave-shop-`);
}

/** Starts a shop on a free port and waits until it says that it is ready. */
export async function spawnShop(options: SpawnOptions = {}): Promise<SpawnedShop> {
  const folder = options.folder ?? temporaryFolder();
  const child = spawnMain(
    ["start", "--port", "0", "--data-dir", folder, ...(options.arguments ?? [])],
    options.environment,
  );
  const log = new Response(child.stderr).text();
  const url = await readyUrl(child.stdout);
  if (url === undefined) throw new Error(`The shop did not start: ${await log}`);
  return {
    url,
    folder,
    pid: child.pid,
    client: (headers = {}) => client(url, () => headers),
    async stop() {
      child.kill("SIGTERM");
      return await child.exited;
    },
    exited: child.exited,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      killBroker(folder);
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Ends the nats-server of a folder, which outlives whoever started it and is killed. */
export function killBroker(folder: string): void {
  const { pid } = serverFiles(folder);
  if (!existsSync(pid)) return;
  try {
    process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

/** Runs the command line and resolves with what it printed and its exit code. */
export async function runMain(
  args: readonly string[],
  { input = "", environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<{ code: number; output: string; errors: string }> {
  const child = spawnMain(args, environment, input);
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, output, errors };
}

/** Shops of a test that is interrupted would run on: Ctrl-C ends them first. */
const running = new Set<{ kill(signal: "SIGTERM"): void }>();
process.once("SIGINT", () => {
  // One that has just ended is still among them; to kill it by its process id would throw.
  for (const child of running) child.kill("SIGTERM");
  process.kill(process.pid, "SIGINT");
});

function spawnMain(args: readonly string[], environment: Record<string, string> = {}, input = "") {
  const child = Bun.spawn([process.execPath, main, ...args], {
    env: { ...process.env, LOG_LEVEL: "warn", ...environment },
    stdin: new Blob([input]),
    stdout: "pipe",
    stderr: "pipe",
  });
  running.add(child);
  void child.exited.then(() => running.delete(child));
  return child;
}

async function readyUrl(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  let printed = "";
  const decoder = new TextDecoder();
  for await (const chunk of output) {
    printed += decoder.decode(chunk);
    const url = printed.match(/ready at (\S+)\n/)?.[1];
    if (url !== undefined) return url;
  }
  return undefined;
}
