import type { Environment } from "../../contract/environment.ts";
import { Circuits } from "./circuits.ts";

/** How fast what is known of an instance's speed fades, in milliseconds. */
const FADE_MS = 10_000;
/** It is as quick as the quickest of so many answers: it may stand still for a moment. */
const LATENCIES = 3;
/** Failures in a row, or this share of the last ones, that have an instance left out. */
const FAILURES_MAX = 3;
const RECENT = 20;
/** What is older tells nothing of now, however little was asked since. */
const RECENT_MS = 60_000;
const SUCCESS_SHARE_MIN = 0.8;
const EJECTION_MS = 5_000;
const EJECTION_MAX_MS = 60_000;
/** How long it must have been back, and answer, for earlier ejections to count no more. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

/** How often an instance sends a heartbeat, in milliseconds. */
export const HEARTBEAT_EVERY_MS = 500;

/** What an instance says of itself, and everybody who calls it hears. */
export interface Heartbeat {
  readonly module: string;
  readonly instance: string;
  readonly role: "owner" | "reader";
  readonly state: "up" | "draining";
  readonly version: string;
  readonly startedAtMs: number;
  /** Calls being worked on, and worked on since the start, and those that failed by a defect. */
  readonly inFlight: number;
  readonly calls: number;
  readonly errors: number;
}

/** One instance of a module as its callers see it. */
export class Member {
  beat: Heartbeat;
  /** When earlier runs of this instance began. */
  readonly ended: readonly number[];
  /** The text that the beat was read from. */
  said = "";
  heardAtMs: number;
  /** Calls of ours that it has not answered. */
  inFlight = 0;
  /** True while the broker is asked whether it is connected. */
  isProbed = false;
  readonly circuits: Circuits;
  /** The last latencies, none of which began before the one ahead of it was noted. */
  #latenciesMs: number[] = [];
  #latencyAtMs = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #recent: { readonly atMs: number; readonly isGood: boolean }[] = [];
  #ejections = 0;
  #ejectedUntilMs = 0;
  /** When it answered for the first time after it was left out. */
  #backAtMs = 0;

  constructor(
    beat: Heartbeat,
    environment: Pick<Environment, "monotonic">,
    ended: readonly number[] = [],
  ) {
    this.beat = beat;
    this.ended = ended;
    this.heardAtMs = environment.monotonic();
    this.circuits = new Circuits(beat.instance, environment);
  }

  /** How quick it was lately, faded with time: one that was slow is tried again. */
  latencyMs(nowMs: number): number | undefined {
    if (this.#latenciesMs.length === 0) return undefined;
    return Math.min(...this.#latenciesMs) * Math.exp(-(nowMs - this.#latencyAtMs) / FADE_MS);
  }

  /** True while it is left out, and, once its time is over, while one call tries it. */
  isEjected(nowMs: number): boolean {
    if (this.#ejectedUntilMs === 0) return false;
    return nowMs < this.#ejectedUntilMs || this.inFlight > 0;
  }

  /** Notes an answer, whatever it was. */
  answered(latencyMs: number, nowMs: number): void {
    this.#note(latencyMs, nowMs);
    this.#failures = 0;
    this.#remember(true, nowMs);
    if (this.#ejectedUntilMs !== 0) {
      this.#ejectedUntilMs = 0;
      this.#backAtMs = nowMs;
      this.#recent = [];
    } else if (nowMs - this.#backAtMs >= FORGOTTEN_AFTER_MS) {
      this.#ejections = 0;
    }
  }

  /** Notes that it did not answer in a time that its caller has chosen too short to blame it. */
  late(givenMs: number, nowMs: number): void {
    this.#note(givenMs, nowMs);
  }

  /**
   * Takes back what its silence has done to it, as it is heard again: it is not left out any more,
   * its circuits are closed, and nothing is known of its speed.
   */
  returned(): void {
    this.circuits.clear();
    this.#latenciesMs = [];
    this.#failures = 0;
    this.#recent = [];
    this.#ejectedUntilMs = 0;
  }

  /** Notes that no answer came; tells whether it should be left out. */
  failed(timeoutMs: number, nowMs: number): boolean {
    // A failure that is quick must not make it look fast, nor must what went well before.
    this.#latenciesMs = [timeoutMs];
    this.#latencyAtMs = nowMs;
    this.#failures += 1;
    this.#remember(false, nowMs);
    const good = this.#recent.filter(({ isGood }) => isGood).length;
    const isBad = this.#recent.length === RECENT && good < RECENT * SUCCESS_SHARE_MIN;
    return this.#ejectedUntilMs !== 0 || this.#failures >= FAILURES_MAX || isBad;
  }

  /** Leaves it out, each time for longer, until it does well for long. `random` is in [0, 1). */
  eject(nowMs: number, random: number): void {
    this.#ejections += 1;
    const ms = Math.min(EJECTION_MS * this.#ejections, EJECTION_MAX_MS);
    this.#ejectedUntilMs = nowMs + ms * (0.75 + random / 2);
  }

  #remember(isGood: boolean, nowMs: number): void {
    this.#recent.push({ atMs: nowMs, isGood });
    if (this.#recent.length > RECENT) this.#recent.shift();
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs < RECENT_MS);
  }

  /**
   * Notes how long an answer took. Those that waited through the same standstill, of this process
   * too, count once: else a moment in which everything stood still would make all that is quick
   * look slow, and what is slow, and was not asked then, quick.
   */
  #note(latencyMs: number, nowMs: number): void {
    if (nowMs - latencyMs < this.#latencyAtMs) return;
    this.#latenciesMs.push(latencyMs);
    if (this.#latenciesMs.length > LATENCIES) this.#latenciesMs.shift();
    this.#latencyAtMs = nowMs;
  }
}
