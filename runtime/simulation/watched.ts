import childProcess from "node:child_process";
import nodeCrypto from "node:crypto";
import dgram from "node:dgram";
import fs from "node:fs";
import net from "node:net";
import tls from "node:tls";
import zlib from "node:zlib";

/** What a run must not do, and what is said to who does. */
interface Sort {
  readonly said: string;
  readonly remedy: string;
  /** Whether it throws instead of being done. */
  readonly isRefused: boolean;
}

const ends: Sort = {
  said: "The process was to be ended, and all that is simulated in it",
  remedy: "Throw an error instead; what is simulated is killed by faults alone.",
  isRefused: true,
};
const reaches: Sort = {
  said: "The real world was reached for, of which there is nothing here",
  remedy: "Put it behind a port: what stands there can be simulated by `outside`.",
  isRefused: true,
};
const waits: Sort = {
  said: "Real time was waited for, which does not pass here",
  remedy:
    "Have a saga wait with waitUntil, or put it behind a port: what stands there has `after` of " +
    "its World, and can be simulated by `outside`.",
  isRefused: false,
};

/** Functions that are watched in a run. */
export interface Watched {
  readonly of: string;
  readonly at: object;
  readonly names: readonly string[];
  readonly sort: Sort;
  /** Takes back what it has begun, which would come about after the run. */
  readonly takeBack?: (begun: Timer) => void;
}

/** Where there is what a run must not call, and under which names. */
export const watched: readonly Watched[] = [
  { of: "process.", at: process, names: ["exit", "reallyExit", "abort"], sort: ends },
  { of: "", at: globalThis, names: ["fetch", "WebSocket", "EventSource", "Worker"], sort: reaches },
  {
    of: "Bun.",
    at: Bun,
    names: ["$", "spawn", "spawnSync", "connect", "listen", "serve", "udpSocket", "write"],
    sort: reaches,
  },
  { of: "Bun.dns.", at: Bun.dns, names: ["lookup", "prefetch"], sort: reaches },
  {
    of: "child_process.",
    at: childProcess,
    names: ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"],
    sort: reaches,
  },
  { of: "Bun.", at: Bun, names: ["SQL", "RedisClient"], sort: reaches },
  { of: "net.", at: net, names: ["connect", "createConnection"], sort: reaches },
  { of: "net.Socket.", at: net.Socket.prototype, names: ["connect"], sort: reaches },
  { of: "tls.", at: tls, names: ["connect"], sort: reaches },
  { of: "dgram.", at: dgram, names: ["createSocket"], sort: reaches },
  {
    of: "",
    at: globalThis,
    names: ["setTimeout", "setInterval"],
    sort: waits,
    takeBack: clearTimeout,
  },
  { of: "", at: globalThis, names: ["setImmediate"], sort: waits, takeBack: clearImmediate },
  { of: "AbortSignal.", at: AbortSignal, names: ["timeout"], sort: waits },
  { of: "Bun.", at: Bun, names: ["sleep", "file"], sort: waits },
  { of: "Bun.password.", at: Bun.password, names: ["hash", "verify"], sort: waits },
  {
    of: "crypto.subtle.",
    at: SubtleCrypto.prototype,
    names: namesIn(SubtleCrypto.prototype),
    sort: waits,
  },
  { of: "crypto.", at: nodeCrypto, names: twinsIn(nodeCrypto), sort: waits },
  { of: "zlib.", at: zlib, names: twinsIn(zlib), sort: waits },
  { of: "fs.promises.", at: fs.promises, names: namesIn(fs.promises), sort: waits },
  { of: "fs.", at: fs, names: twinsIn(fs), sort: waits },
];

function namesIn(object: object): string[] {
  return Object.keys(object).filter((name) => typeof Reflect.get(object, name) === "function");
}

/** Those that can be had at once as well, and so come back later themselves. */
function twinsIn(object: object): string[] {
  return namesIn(object).filter((name) => `${name}Sync` in object);
}
