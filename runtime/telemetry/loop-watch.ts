import type { Environment } from "../contract/environment.ts";
import type { Log } from "./log.ts";

/**
 * How long synchronous work may take, in milliseconds: meanwhile nothing else of its process goes
 * on. A process whose work keeps to it is never taken for silent (see `balance/directory.ts`).
 */
export const SYNCHRONOUS_MS_MAX = 500;

/** How often the watch looks at the clock where nothing else does. */
const TICK_MS = 100;
/** The share of a standstill that its process must have computed to be its own doing. */
const COMPUTED_SHARE_MIN = 0.1;
/** For how long it is told, how often the log tells it again, and of how much work, at most. */
const TOLD_MS = 3_600_000;
const LOGGED_EVERY_MS = 60_000;
const TOLD_MAX = 20;

/** Work of a module that runs synchronously. */
export interface SynchronousWork {
  readonly module: string;
  /** As in `products.search`. */
  readonly what: string;
}

/** Synchronous work that took too long, in the last hour. */
export interface BlockingWork extends SynchronousWork {
  readonly count: number;
  readonly longestMs: number;
  readonly lastAtMs: number;
}

/** What a watch needs of its process. */
export interface LoopWatchOptions {
  readonly environment: Pick<Environment, "now" | "monotonic" | "after">;
  readonly log: Log;
  /** The processor time that the process has used, in milliseconds. */
  readonly processorMs: () => number;
}

/**
 * Notices when synchronous work blocks the event loop of its process for longer than
 * SYNCHRONOUS_MS_MAX, and names it in the log and for `status`.
 *
 * Reading the clock costs a good part of a call in process, so the watch has none of its own: it
 * compares the readings that others make, by `monotonic`, and adds one only between two pieces of
 * work without any, and every 100 ms. When two readings are too far apart, what ran between them
 * has blocked. A process that hardly computed meanwhile was stopped or had no processor.
 */
export class LoopWatch {
  readonly #options: LoopWatchOptions;
  readonly #told = new Map<string, BlockingWork & { readonly loggedAtMs: number }>();
  /** What has begun since the last reading, and what has gone on after it had waited. */
  #work: SynchronousWork | undefined;
  #resumed: SynchronousWork | undefined;
  #isWatching = false;
  #readAtMs = 0;
  #computedMs = 0;
  #cancel = () => {};

  constructor(options: LoopWatchOptions) {
    this.#options = options;
  }

  /** The monotonic clock of the process; the watch hears of each reading. */
  readonly monotonic = (): number => {
    const nowMs = this.#options.environment.monotonic();
    if (!this.#isWatching) return nowMs;
    if (nowMs - this.#readAtMs > SYNCHRONOUS_MS_MAX) this.#late(nowMs);
    this.#readAtMs = nowMs;
    this.#work = undefined;
    this.#resumed = undefined;
    return nowMs;
  };

  /** Begins to watch: what came before is no concern of anybody. */
  start(): void {
    this.#isWatching = true;
    this.#readAtMs = this.#options.environment.monotonic();
    this.#work = undefined;
    this.#resumed = undefined;
    this.#tick();
  }

  stop(): void {
    this.#cancel();
    this.#isWatching = false;
  }

  /** Says that this work runs from now on. */
  begins(work: SynchronousWork): void {
    if (this.#work !== undefined) this.monotonic();
    this.#work = work;
  }

  /** Says that this work has gone on just now: it had waited for something before. */
  hasResumed(work: SynchronousWork): void {
    this.#resumed = work;
  }

  /** What of a module has blocked the event loop in the last hour. */
  blocking(module: string): BlockingWork[] {
    this.#expire();
    return [...this.#told.values()]
      .filter((one) => one.module === module)
      .map(({ loggedAtMs, ...told }) => told);
  }

  #tick(): void {
    this.monotonic();
    this.#computedMs = this.#options.processorMs();
    this.#cancel = this.#options.environment.after(TICK_MS, () => this.#tick());
  }

  #late(nowMs: number): void {
    const { log, processorMs } = this.#options;
    const ms = Math.round(nowMs - this.#readAtMs);
    const computedMs = processorMs() - this.#computedMs;
    this.#computedMs += computedMs;
    const work = eitherOf(this.#resumed, this.#work);
    if (work !== undefined && computedMs >= ms * COMPUTED_SHARE_MIN) return this.#tell(work, ms);
    const fields = { ms, processorMs: Math.round(computedMs) };
    log.info("the event loop stood still, and no procedure is known to have blocked it", fields);
  }

  #tell(work: SynchronousWork, ms: number): void {
    const { environment, log } = this.#options;
    const nowMs = environment.now();
    this.#expire();
    const { module, what } = work;
    const known = this.#told.get(what);
    const isLogged = known === undefined || nowMs - known.loggedAtMs >= LOGGED_EVERY_MS;
    const count = (known?.count ?? 0) + 1;
    if (isLogged) {
      log.warn(
        "synchronous work blocked the event loop for too long: everything else in this process " +
          "waited. Do less at a time, or give the module a process of its own",
        { module, work: what, ms, limitMs: SYNCHRONOUS_MS_MAX, count },
      );
    }
    const longestMs = Math.max(known?.longestMs ?? 0, ms);
    const loggedAtMs = isLogged ? nowMs : known.loggedAtMs;
    this.#told.delete(what);
    this.#told.set(what, { module, what, count, longestMs, lastAtMs: nowMs, loggedAtMs });
    if (this.#told.size > TOLD_MAX) {
      const [oldest = what] = this.#told.keys();
      this.#told.delete(oldest);
    }
  }

  #expire(): void {
    const nowMs = this.#options.environment.now();
    for (const [what, { lastAtMs }] of this.#told) {
      if (nowMs - lastAtMs > TOLD_MS) this.#told.delete(what);
    }
  }
}

/** The one of two that there is, or both under one name: which of them it was is unknown. */
function eitherOf(
  one: SynchronousWork | undefined,
  other: SynchronousWork | undefined,
): SynchronousWork | undefined {
  if (one === undefined || other === undefined || one.what === other.what) return one ?? other;
  return { module: one.module, what: `${one.what} or ${other.what}` };
}
