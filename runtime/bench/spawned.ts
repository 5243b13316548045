import { readFileSync } from "node:fs";

const READY_WITHIN_MS = 120_000;

/** A server in a process of its own. */
export interface SpawnedServer extends AsyncDisposable {
  /** `http://127.0.0.1:…`, as the server said when it was ready. */
  readonly origin: string;
  /** From spawn to the line that says it is ready. */
  readonly readyMs: number;
  /** Resident memory of the process. */
  residentMegabytes(): number;
  /** Processor time that the process has taken, in all its threads. */
  cpuMs(): number;
}

/**
 * Starts a server with this Bun and waits for the first line that has an address in it.
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
    readyMs: performance.now() - startedMs,
    residentMegabytes: () => residentMegabytes(child.pid),
    cpuMs: () => cpuMs(child.pid),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      const tooLong = setTimeout(() => child.kill("SIGKILL"), 20_000);
      await child.exited;
      clearTimeout(tooLong);
    },
  };
}

/** Reads until the address appears, then goes on reading so that the pipe never fills. */
async function firstOrigin(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const { done, value } = await reader.read();
    if (done) return undefined;
    text += decoder.decode(value, { stream: true });
    const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
    if (found === null) continue;
    void discard(reader);
    return found[0];
  }
}

async function discard(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return Number(kilobytes ?? 0) / 1024;
}

/** Processor time in user and system mode, which Linux counts in hundredths of a second. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
