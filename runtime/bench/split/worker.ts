import { cpuMs, residentMegabytes } from "../processes.ts";

/** A process of the benchmark that answers questions, one at a time or many at once. */
export interface Worker extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with its answer; rejects with what it threw, or when it ends before. */
  ask<T>(question: unknown): Promise<T>;
  residentMegabytes(): number;
  cpuMs(): number;
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
}

/** What goes to a worker and comes back. Number 0 says that it is ready. */
export interface Asked {
  readonly number: number;
  readonly question: unknown;
}
export interface Answered {
  readonly number: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Starts a file as a worker and resolves when it is ready. */
export async function spawnWorker(args: readonly string[]): Promise<Worker> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<unknown>();
  waiting.set(0, ready);
  let asked = 0;
  const child = Bun.spawn([process.execPath, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    serialization: "json",
    ipc({ number, answer, error }: Answered) {
      const one = waiting.get(number);
      waiting.delete(number);
      if (error === undefined) one?.resolve(answer);
      else one?.reject(new Error(error));
    },
    onExit() {
      const error = new Error(`bun ${args.join(" ")} ended before it had answered.`);
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
    },
  });
  await ready.promise;
  return {
    pid: child.pid,
    ask<T>(question: unknown) {
      const number = ++asked;
      const one = Promise.withResolvers<unknown>();
      waiting.set(number, one);
      child.send({ number, question } satisfies Asked);
      return one.promise as Promise<T>;
    },
    residentMegabytes: () => residentMegabytes(child.pid),
    cpuMs: () => cpuMs(child.pid),
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
