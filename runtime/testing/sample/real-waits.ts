import fs from "node:fs";

/**
 * What a module may wait for in a real system, by what it calls. Each awaits it: of a call that is
 * handed on to the caller no trace is left.
 */
export const realWaits: Readonly<Record<string, () => Promise<unknown>>> = {
  setTimeout: async () => await new Promise((resolve) => setTimeout(resolve, 0)),
  "Bun.sleep": async () => await Bun.sleep(0),
  fetch: async () => await fetch("http://127.0.0.1:1/"),
  "Bun.file": async () => await Bun.file(import.meta.path).text(),
  "fs.stat": async () => await new Promise((resolve) => fs.stat(import.meta.path, resolve)),
  "fs.promises.stat": async () => await fs.promises.stat(import.meta.path),
  "crypto.subtle.digest": async () => await crypto.subtle.digest("SHA-256", new Uint8Array(1)),
};
