import type { Environment } from "../contract/environment.ts";
import { fileFailure } from "../store/file-failure.ts";
import type { Log } from "../telemetry/log.ts";
import type { Run } from "./child.ts";
import { DATA_REFUSED, OWNED_ELSEWHERE } from "./child-protocol.ts";
import { watchHealth } from "./health-check.ts";

const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 10_000;
/** After so many milliseconds of health, the next death is taken as a first one. */
const HEALTHY_MS = 60_000;
const DEATHS_MAX = 20;
const DEATHS_WINDOW_MS = 300_000;
/**
 * After so many deaths, what has never been ready is given up, once the pauses between them are as
 * long as what a killed supervisor has left behind may take to stop. Deaths are counted and no time
 * is measured, since a machine that is slow makes each start longer and none of them hopeless.
 */
const FIRST_DEATHS_MAX = 10;
/** How often it is looked whether there is room again. */
const ROOM_CHECK_MS = 1_000;

export interface KeptOptions {
  readonly name: string;
  readonly begin: () => Run;
  readonly environment: Pick<Environment, "monotonic" | "after">;
  readonly log: Log;
  /** Reports whether there is room on the disk for it to begin. */
  readonly hasRoom: () => boolean;
  /** Milliseconds between being asked to stop and being killed. */
  readonly stopMs: number;
  /** Called once, with a sentence, when it dies too often to be begun again. */
  readonly gaveUp: (sentence: string) => void;
}

/**
 * One thing that is kept running: begun again, after a pause that grows, whenever it has died.
 *
 * A process whose modules another one owns is not begun again, and everything else goes on: that
 * other one serves them. Its data are others, so whoever ends it decides which are to be used.
 *
 * What dies while the disk is full is begun again when there is room, and does not count as one
 * that dies too often.
 */
export class Kept {
  readonly name: string;
  readonly #options: KeptOptions;
  readonly #ready = Promise.withResolvers<void>();
  #wasReady = false;
  #isRefused = false;
  #run: Run | undefined;
  #cancelRestart = () => {};
  #isStopping = false;
  /** Deaths since it was last healthy for long. */
  #inARow = 0;
  /** The pauses after those deaths, in milliseconds. */
  #pausedMs = 0;
  #deathsAtMs: number[] = [];

  constructor(options: KeptOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Resolves when it is ready for the first time, or another process has what it would own. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** True until `ready` resolves. */
  get isAwaited(): boolean {
    return !this.#wasReady && !this.#isRefused;
  }

  start(): void {
    this.#begin();
  }

  /** Asks it to stop, kills it when that takes too long, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.#end();
    const run = this.#run;
    if (run === undefined) return;
    run.signal("SIGTERM");
    const { environment, log, stopMs } = this.#options;
    const cancel = environment.after(stopMs, () => {
      log.warn("killed", { instance: this.name, afterMs: stopMs });
      run.signal("SIGKILL");
    });
    await run.ended;
    cancel();
  }

  /** Has it go on until it is told to stop, whoever else tells it. */
  hold(): void {
    this.#run?.hold();
  }

  /** Ends it at once. */
  kill(): void {
    this.#end();
    this.#run?.signal("SIGKILL");
  }

  #end(): void {
    this.#isStopping = true;
    this.#cancelRestart();
  }

  #begin(): void {
    const { begin, environment } = this.#options;
    const run = attempt(begin);
    let readyAtMs: number | undefined;
    this.#run = run;
    let endWatch = () => {};
    void run.ready.then(() => {
      readyAtMs = environment.monotonic();
      if (this.#run === run) endWatch = this.#watch(run);
      this.#wasReady = true;
      this.#ready.resolve();
    });
    void run.ended.then((how) => {
      this.#run = undefined;
      endWatch();
      if (this.#isStopping) return;
      const exitCode = run.exitCode?.();
      if (exitCode === OWNED_ELSEWHERE) this.#refused();
      else this.#died(how, { readyAtMs, isRefused: exitCode === DATA_REFUSED });
    });
  }

  /** Kills a run that hangs; that it has died is then noticed like any other death. */
  #watch(run: Run): () => void {
    const { environment, log } = this.#options;
    if (run.ask === undefined) return () => {};
    return watchHealth(run.ask, environment, (silentMs) => {
      if (this.#isStopping) return;
      const message = "does not answer its health check; it is killed and started again";
      log.error(message, { instance: this.name, silentMs });
      run.signal("SIGKILL");
    });
  }

  #refused(): void {
    this.#isRefused = true;
    const message =
      "another process owns what this instance hosts, over other data; the instance is not " +
      "started again and everything else goes on. Stop that process, which the instance has " +
      "named above, and start this topology anew.";
    this.#options.log.error(message, { instance: this.name });
    this.#ready.resolve();
  }

  #died(
    how: string,
    {
      readyAtMs,
      isRefused,
    }: { readonly readyAtMs: number | undefined; readonly isRefused: boolean },
  ): void {
    const { environment, log, gaveUp } = this.#options;
    if (!this.#options.hasRoom()) {
      log.error("died on a full disk; it is started again once there is room", {
        instance: this.name,
        how,
      });
      return this.#beginWithRoom();
    }
    const nowMs = environment.monotonic();
    if (readyAtMs !== undefined && nowMs - readyAtMs >= HEALTHY_MS) {
      this.#inARow = 0;
      this.#pausedMs = 0;
    }
    this.#deathsAtMs = this.#deathsAtMs.filter((atMs) => nowMs - atMs < DEATHS_WINDOW_MS);
    this.#deathsAtMs.push(nowMs);
    this.#inARow++;
    const hopeless = isRefused && !this.#wasReady ? this.#dataRefused() : this.#hopeless(how);
    if (hopeless !== undefined) {
      this.#isStopping = true;
      return gaveUp(hopeless);
    }
    const pauseMs = Math.min(BACK_OFF_MIN_MS * 2 ** (this.#inARow - 1), BACK_OFF_MAX_MS);
    this.#pausedMs += pauseMs;
    log.warn("died", { instance: this.name, how, restartInMs: pauseMs });
    this.#cancelRestart = environment.after(pauseMs, () => this.#begin());
  }

  #beginWithRoom(): void {
    const { environment, hasRoom } = this.#options;
    this.#cancelRestart = environment.after(ROOM_CHECK_MS, () =>
      hasRoom() ? this.#begin() : this.#beginWithRoom(),
    );
  }

  #dataRefused(): string {
    return (
      `${this.name} could not be started: its data are refused as they are. The log above says ` +
      "why; mend that and start again."
    );
  }

  /** Why it is not begun again, if it is not. */
  #hopeless(how: string): string | undefined {
    const hasWaited = this.#pausedMs >= this.#options.stopMs;
    if (!this.#wasReady && this.#inARow >= FIRST_DEATHS_MAX && hasWaited) {
      return (
        `${this.name} could not be started: its process ${how}, the last of ${this.#inARow} ` +
        "times. The log above says why; mend that and start again."
      );
    }
    const count = this.#deathsAtMs.length;
    if (count <= DEATHS_MAX) return undefined;
    return (
      `${this.name} died ${count} times within ${DEATHS_WINDOW_MS / 60_000} minutes; the last ` +
      `time its process ${how}. Everything is stopped. The log above says why it died.`
    );
  }
}

/** A run that cannot even be begun is one that ends at once. */
function attempt(begin: () => Run): Run {
  try {
    return begin();
  } catch (error) {
    const ended = Promise.resolve(`could not be begun (${fileFailure(error) ?? String(error)})`);
    return { ready: new Promise(() => {}), ended, signal() {}, hold() {} };
  }
}
