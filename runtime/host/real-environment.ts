import { appendFileSync } from "node:fs";
import type { Environment } from "../contract/environment.ts";
import { clockTimer } from "../resilience/clock-timer.ts";
import { longTimer } from "./long-timer.ts";

/** Where a test has the process crash, or note the points that it passes. */
export interface Failpoints {
  /** Crash at this point, as in `commit.after:orders`; `#3` behind it means at the third time. */
  readonly crashAt?: string | undefined;
  /** Append the name of every point passed to this file. */
  readonly traceTo?: string | undefined;
}

/** The real clock, randomness and event loop of this process. */
export function realEnvironment(failpoints: Failpoints = {}): Environment {
  const now = () => Date.now();
  const after = longTimer({ set: setTimeout, clear: clearTimeout });
  return {
    now,
    monotonic: () => performance.now(),
    random: () => Math.random(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    newId: (prefix) => `${prefix}_${Bun.randomUUIDv7()}`,
    newTraceId: traceIds(),
    after,
    at: (atMs, work) => clockTimer({ now, after }, { atMs }, work),
    defer: (work) => void setImmediate(work),
    reach: reaching(failpoints),
  };
}

/** Trace ids from randomness fetched for many at once, since every request needs one. */
function traceIds(): () => string {
  const bytesEach = 16;
  const pool = Buffer.alloc(bytesEach * 256);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      crypto.getRandomValues(pool);
      at = 0;
    }
    at += bytesEach;
    return pool.toString("hex", at - bytesEach, at);
  };
}

function reaching({ crashAt, traceTo }: Failpoints): (point: string) => void {
  if (crashAt === undefined && traceTo === undefined) return () => {};
  const [name, nth = "1"] = (crashAt ?? "").split("#");
  let left = Number(nth);
  return (point) => {
    if (traceTo !== undefined) appendFileSync(traceTo, `${point}\n`);
    if (point === name && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}
