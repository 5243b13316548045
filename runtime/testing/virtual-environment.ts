import type { Environment } from "../contract/environment.ts";
import { clockTimer } from "../resilience/clock-timer.ts";
import { seeded } from "../simulation/seeded.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
}

/** 2026-01-01T00:00:00Z: the first moment of every test. */
export const TEST_EPOCH_MS = 1_767_225_600_000;

/** An environment whose clock stands still until it is moved, and whose randomness has a seed. */
export interface VirtualEnvironment extends Environment {
  /** The time of the next timer, or undefined. */
  nextTimerAtMs(): number | undefined;
  /** Sets the clock of the day forward or back; what waits for a duration does not notice. */
  setClock(byMs: number): void;
  /** Moves the clock to a time and runs the timers that are due by then, oldest first. */
  moveTo(atMs: number): void;
  /** Drops every timer and everything deferred, now and later: the process is gone. */
  kill(): void;
  /** The named points reached so far. */
  readonly points: readonly string[];
  /** Has the process be gone at the nth point from now; resolves with the name of that point. */
  crashAt(nth: number): Promise<string>;
}

/**
 * Makes an environment for tests. Its clock is looked at as often as the real one, or as
 * `lookEveryMs` says, since a test that never sets it can skip most of the looks.
 */
export function virtualEnvironment(
  seed = 1,
  startMs = TEST_EPOCH_MS,
  { lookEveryMs }: { readonly lookEveryMs?: number } = {},
): VirtualEnvironment {
  const random = seeded(seed).next;
  const timers = new Set<Timer>();
  let nowMs = startMs;
  let order = 0;
  let aheadMs = 0;
  let dead = false;
  const points: string[] = [];
  let crash: { readonly count: number; readonly reached: (point: string) => void } | undefined;
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join("");
  const next = () => [...timers].sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  const now = () => Math.floor(nowMs + aheadMs);
  const after = (delayMs: number, work: () => void) => {
    const timer = { atMs: nowMs + delayMs, order: order++, work };
    if (!dead) timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now,
    monotonic: () => nowMs,
    random,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    newId: (prefix) => `${prefix}_${idAt(nowMs, order++, hex)}`,
    newTraceId: () => hex(32),
    after,
    at: (atMs, work) => clockTimer({ now, after }, { lookEveryMs, atMs }, work),
    setClock(byMs) {
      aheadMs += byMs;
    },
    defer(work) {
      if (!dead) setImmediate(() => dead || work());
    },
    points,
    reach(point) {
      points.push(point);
      if (points.length === crash?.count) {
        dead = true;
        timers.clear();
        crash.reached(point);
      }
      if (dead) throw new Error(`The process is gone since ${point}.`);
    },
    crashAt(nth) {
      return new Promise((reached) => {
        crash = { count: points.length + nth, reached };
      });
    },
    nextTimerAtMs: () => next()?.atMs,
    moveTo(atMs) {
      for (let timer = next(); timer !== undefined && timer.atMs <= atMs; timer = next()) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.work();
      }
      nowMs = Math.max(nowMs, atMs);
    },
    kill() {
      dead = true;
      timers.clear();
    },
  };
}

/** A UUIDv7 of this time, with a number that no other of the environment has. */
function idAt(nowMs: number, order: number, hex: (digits: number) => string): string {
  const time = nowMs.toString(16).padStart(12, "0");
  const sequence = order.toString(16).padStart(16, "0");
  const start = `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}`;
  return `${start}-8${sequence.slice(1, 4)}-${sequence.slice(4)}`;
}
