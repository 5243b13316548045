import childProcess from "node:child_process";
import nodeCrypto from "node:crypto";
import fs from "node:fs";
import zlib from "node:zlib";

/**
 * What a module may wait for in a real system, by what it calls. Each awaits it: of a call that is
 * handed on to the caller no trace is left.
 */
export const realWaits: Readonly<Record<string, () => Promise<unknown>>> = {
  setTimeout: async () => await new Promise((resolve) => setTimeout(resolve, 0)),
  "Bun.sleep": async () => await Bun.sleep(0),
  "Bun.file": async () => await Bun.file(import.meta.path).text(),
  "fs.stat": async () => await new Promise((resolve) => fs.stat(import.meta.path, resolve)),
  "fs.promises.stat": async () => await fs.promises.stat(import.meta.path),
  "crypto.subtle.digest": async () => await crypto.subtle.digest("SHA-256", new Uint8Array(1)),
  "crypto.scrypt": async () =>
    await new Promise((resolve) => nodeCrypto.scrypt("", "", 16, resolve)),
  "zlib.gzip": async () => await new Promise((resolve) => zlib.gzip("", resolve)),
  "Bun.password.hash": async () => await Bun.password.hash("secret"),
};

/** What a module may do to the real world, by what it calls; nobody waits for it or minds. */
export const realReaches: Readonly<Record<string, () => unknown>> = {
  fetch: () => void fetch("http://127.0.0.1:1/"),
  WebSocket: () => void new WebSocket("ws://127.0.0.1:1/"),
  "Bun.spawn": () => void Bun.spawn(["true"]),
  "Bun.spawnSync": () => void Bun.spawnSync(["true"]),
  "Bun.connect": () => void Bun.connect({ hostname: "127.0.0.1", port: 1, socket: { data() {} } }),
  "Bun.write": () => void Bun.write("/dev/null", "written"),
  "child_process.execSync": () => void childProcess.execSync("true"),
};

/** How a module may end the process that it runs in. */
export const realEnds: Readonly<Record<string, () => unknown>> = {
  "process.exit": () => void process.exit(0),
  "process.abort": () => void process.abort(),
};

/** Has something happen soon, by the real clock. */
export function ringSoon(work: () => void): void {
  setTimeout(work, 0);
  setImmediate(work);
}
