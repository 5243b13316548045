import { join } from "node:path";

/** Where a shelf meets its callers. */
export interface ShelfOptions {
  readonly url: string;
  /** The data folder, with the users' keys. */
  readonly folder: string;
  readonly instance: string;
  /** How much faster than the real one its clock goes. */
  readonly times: number;
}

/** A process that can be stopped, continued and killed. */
export interface SpawnedShelf extends AsyncDisposable {
  signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL"): void;
}

/** Starts a shelf in a process of its own. It is there once it is heard. */
export function spawnShelf(options: ShelfOptions): SpawnedShelf {
  const file = join(import.meta.dir, "process.ts");
  const child = Bun.spawn([process.execPath, file, JSON.stringify(options)], {
    stdio: ["ignore", "inherit", "inherit"],
    // It ends when this process does.
    ipc() {},
  });
  return {
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
