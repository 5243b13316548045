import type { Happening } from "../agenda.ts";
import type { Fault, Spot } from "../faults.ts";
import type { Process } from "../process.ts";
import type { Seeded } from "../seeded.ts";
import { happeningOf, type World } from "../world.ts";
import type { SentMessage } from "./sent-message.ts";

/** How long a way takes usually, and how much later what is late may be, in milliseconds. */
const HOP_MS = [0.05, 1] as const;
const LATE_MS = [5, 2_000] as const;
/**
 * A share of it is later than a call waits. A connection keeps its order, so that overtakes nothing
 * but what its process sends over another one: started again, the process does, while its system
 * still has what it left there resent. There is an end to it since broker and client both ask each
 * other every 5 s for a sign of life, and leave a connection at the third time without one.
 */
const VERY_LATE_MS = [2_000, 15_000] as const;

/** Whoever takes messages at an end of a pipe. */
export interface Taker {
  take(message: SentMessage): void;
}

/** What is on its way: a message for somebody, or something to be done at the other end. */
type Freight = { readonly to: Taker; readonly message: SentMessage } | (() => void);

/** How what is sent gets lost. */
type Loss = "message-lost" | "reply-lost";

interface Frame {
  readonly sentAtMs: number;
  readonly dueAtMs: number;
  readonly freight: Freight;
}

/** What a pipe is. */
export interface PipeOptions {
  /** Its name for faults. */
  readonly name: string;
  readonly seed: Seeded;
  /** Where it ends; nothing for the broker. */
  readonly process?: Process;
  /** What may happen to a message in it besides being late. */
  readonly doubles: boolean;
}

/**
 * One direction of a connection. What goes in comes out in the same order, each thing some time
 * later, and what was sent in one go in one go.
 */
export class Pipe {
  readonly #world: World;
  readonly #options: PipeOptions;
  readonly #arrival: Happening;
  readonly #where: string;
  readonly #losses: Readonly<Record<Loss, Spot>>;
  readonly #late: Spot;
  readonly #doubled: Spot;
  #frames: Frame[] = [];
  #first = 0;
  #lastDueAtMs = 0;
  #heldUntilMs = 0;
  #isScheduled = false;
  #isCut = false;

  constructor(world: World, options: PipeOptions) {
    this.#world = world;
    this.#options = options;
    const { process } = options;
    const about = { what: "arrival", process, notesItself: true };
    this.#arrival = happeningOf(() => this.#arrive(), about);
    this.#where = process?.name ?? "broker";
    const at = (fault: Fault) => world.faults.at(fault, options.name);
    this.#losses = { "message-lost": at("message-lost"), "reply-lost": at("reply-lost") };
    this.#late = at("message-late");
    this.#doubled = at("message-doubled");
  }

  /** Has something done at the other end; it is late or lost only with the pipe. */
  tell(work: () => void): void {
    this.#push(work, 0);
  }

  /** Sends something that may be late, be doubled where a pipe doubles, or be lost. */
  send(freight: Freight, loss?: Loss): void {
    if (loss !== undefined && this.#losses[loss].happens()) return;
    const lateMs = this.#late.happens() ? this.#world.faults.amountOf(LATE_MS, VERY_LATE_MS) : 0;
    this.#push(freight, lateMs);
    if (this.#options.doubles && this.#doubled.happens()) this.#push(freight, 0);
  }

  /** Has nothing come out until then. */
  hold(untilMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs);
  }

  /** Loses what is on its way. */
  lose(): void {
    this.#frames = [];
    this.#first = 0;
  }

  /** Loses what was sent at this moment: a process that is killed has only meant to send it. */
  loseUnsent(): void {
    const nowMs = this.#world.nowMs;
    while (this.#frames.length > this.#first && this.#frames.at(-1)?.sentAtMs === nowMs) {
      this.#frames.pop();
    }
  }

  /** Loses what is on its way and takes nothing any more. */
  cut(): void {
    this.lose();
    this.#isCut = true;
  }

  #push(freight: Freight, lateMs: number): void {
    if (this.#isCut) return;
    const nowMs = this.#world.nowMs;
    const before = this.#frames.length > this.#first ? this.#frames.at(-1) : undefined;
    if (lateMs > 0 || before?.sentAtMs !== nowMs) {
      const dueAtMs = nowMs + lateMs + this.#options.seed.between(...HOP_MS);
      this.#lastDueAtMs = Math.max(this.#lastDueAtMs, dueAtMs);
    }
    this.#frames.push({ sentAtMs: nowMs, dueAtMs: this.#lastDueAtMs, freight });
    if (!this.#isScheduled) this.#schedule();
  }

  #schedule(): void {
    const next = this.#frames[this.#first];
    if (next === undefined) return;
    this.#isScheduled = true;
    this.#world.again(next.dueAtMs - this.#world.nowMs, this.#arrival);
  }

  #arrive(): void {
    const world = this.#world;
    const { nowMs } = world;
    if (this.#heldUntilMs > nowMs) {
      world.again(this.#heldUntilMs - nowMs, this.#arrival);
      return;
    }
    for (;;) {
      const frame = this.#frames[this.#first];
      // Rounding may put a moment a hair before what is due at it.
      if (frame === undefined || frame.dueAtMs > nowMs + 1e-6) break;
      this.#first += 1;
      this.#take(frame.freight);
    }
    if (this.#first === this.#frames.length || this.#first > 1_024) {
      this.#frames.splice(0, this.#first);
      this.#first = 0;
    }
    this.#isScheduled = false;
    this.#schedule();
  }

  #take(freight: Freight): void {
    const { process } = this.#options;
    // It may be killed by what came just before.
    if (process?.isGone) return;
    if (typeof freight === "function") {
      this.#world.note(this.#where, "arrival");
      freight();
      return;
    }
    const { to, message } = freight;
    this.#world.note(this.#where, message.subject, process === undefined ? message.string() : "");
    to.take(message);
  }
}
