import type { Environment } from "../contract/environment.ts";
import { Alarm } from "./alarm.ts";

/** How long work may run on after its deadline before it is given up, in milliseconds. */
export const GIVE_UP_AFTER_MS = 1_000;

/** Work with a deadline, as a node of the list that `Deadlines` watches. */
export abstract class TimedWork {
  /** When its time is over, by the monotonic clock. It is read when the alarm rings. */
  dueAtMs: number;
  /** The neighbours in the list, and the list itself while it is watched. */
  older: TimedWork | undefined;
  newer: TimedWork | undefined;
  watcher: Deadlines | undefined;

  constructor(dueAtMs: number) {
    this.dueAtMs = dueAtMs;
  }

  /** Called when its time is over. It is off the list by then, and may be watched again. */
  abstract expire(nowMs: number, deadlines: Deadlines): void;
}

/**
 * Ends work whose time is over. One timer looks over all of it, and work that is over leaves the
 * list at once: a timer for each, or finished work kept until the next look, would cost more than
 * a call.
 */
export class Deadlines {
  readonly #environment: Pick<Environment, "after" | "monotonic">;
  readonly #alarm: Alarm;
  #newest: TimedWork | undefined;

  constructor(environment: Pick<Environment, "after" | "monotonic">) {
    this.#environment = environment;
    this.#alarm = new Alarm(environment, () => this.#sweep());
  }

  /** Has the work expire at its time, unless it is forgotten by then. */
  watch(work: TimedWork): void {
    work.watcher = this;
    work.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = work;
    this.#newest = work;
    this.#alarm.ringBy(work.dueAtMs);
  }

  /** Takes work that is over off the list. */
  forget(work: TimedWork): void {
    const { older, newer } = work;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else this.#newest = older;
    work.older = undefined;
    work.newer = undefined;
    work.watcher = undefined;
  }

  /** The work that is watched, newest first. */
  *[Symbol.iterator](): Generator<TimedWork, void> {
    for (let work = this.#newest; work !== undefined; work = work.older) yield work;
  }

  #sweep(): void {
    const nowMs = this.#environment.monotonic();
    let nextMs = Number.POSITIVE_INFINITY;
    for (let work = this.#newest; work !== undefined; ) {
      const { older, dueAtMs } = work;
      if (dueAtMs <= nowMs) {
        this.forget(work);
        work.expire(nowMs, this);
      } else nextMs = Math.min(nextMs, dueAtMs);
      work = older;
    }
    this.#alarm.ringBy(nextMs);
  }
}
