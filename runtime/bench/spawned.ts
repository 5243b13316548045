import { cpuMs, familyOf, residentMegabytes } from "./processes.ts";

const READY_WITHIN_MS = 120_000;

/** A server in a process of its own. */
export interface SpawnedServer extends AsyncDisposable {
  /** `http://127.0.0.1:…`, as the server said when it was ready; "" where it serves no HTTP. */
  readonly origin: string;
  readonly pid: number;
  /** From spawn to the line that says it is ready. */
  readonly readyMs: number;
  /** Resident memory of the process and of those that it has started. */
  residentMegabytes(): number;
  /** Processor time that these processes have taken, in all their threads. */
  cpuMs(): number;
}

/**
 * Starts a server with this Bun and waits for the first line that has an address in it, or says
 * that it is ready.
 *
 * Disposing ends the process with SIGTERM and waits until it is gone.
 */
export async function spawnServer(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<SpawnedServer> {
  const startedMs = performance.now();
  const child = Bun.spawn([process.execPath, ...args], {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, ...environment },
  });
  const complaints = new Response(child.stderr).text();
  const tooLate = setTimeout(() => child.kill("SIGKILL"), READY_WITHIN_MS);
  const origin = await firstOrigin(child.stdout);
  clearTimeout(tooLate);
  if (origin === undefined) {
    child.kill("SIGKILL");
    throw new Error(`bun ${args.join(" ")} ended before it was ready: ${await complaints}`);
  }
  return {
    origin,
    pid: child.pid,
    readyMs: performance.now() - startedMs,
    residentMegabytes: () => total(child.pid, residentMegabytes),
    cpuMs: () => total(child.pid, cpuMs),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const tooLong = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await child.exited;
      clearTimeout(tooLong);
    },
  };
}

/** Reads until it is ready, then goes on reading so that the pipe never fills. */
async function firstOrigin(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    text += decoder.decode(value, { stream: true });
    const found = /http:\/\/127\.0\.0\.1:\d+|is ready: /.exec(text);
    if (found === null) continue;
    void discard(reader);
    return found[0].startsWith("http") ? found[0] : "";
  }
}

async function discard(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}

function total(pid: number, figureOf: (pid: number) => number): number {
  return familyOf(pid).reduce((sum, one) => sum + figureOf(one), 0);
}
