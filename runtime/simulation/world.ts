import { drainMicrotasks } from "bun:jsc";
import { type Actor, Agenda, type Happening } from "./agenda.ts";
import { Defects } from "./defects.ts";
import type { Faults } from "./faults.ts";
import { Pace } from "./pace.ts";
import type { Seeded } from "./seeded.ts";
import type { Trace } from "./trace.ts";

/** What happens, and in which process. */
export interface About {
  readonly what: string;
  readonly process?: Actor | undefined;
  /** True for what notes itself what it does, for the digest and the story. */
  readonly notesItself?: boolean;
}

/**
 * Virtual time: one thing happens after another, each with all that follows from it at once, and
 * the clock moves on to the next.
 *
 * Nothing here takes real time or draws randomness but by the seed, so a run depends on its seed
 * alone. What belongs to a process that is gone does not happen; what belongs to one that is paused
 * happens when it goes on.
 */
export class World {
  readonly seed: Seeded;
  readonly faults: Faults;
  readonly trace: Trace;
  /** Where the code of modules has failed. */
  readonly defects = new Defects();
  readonly #agenda = new Agenda();
  readonly #pace = new Pace();
  #nowMs = 0;
  #order = 0;

  constructor(parts: { readonly seed: Seeded; readonly faults: Faults; readonly trace: Trace }) {
    this.seed = parts.seed;
    this.faults = parts.faults;
    this.trace = parts.trace;
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The time for a process that looks at its clock. Throws when one does so without end. */
  look(process: string): number {
    this.#pace.look(this.#nowMs, process);
    return this.#nowMs;
  }

  /** Has something happen later. Returns a function that takes it back. */
  after(delayMs: number, work: () => void, about: About): () => void {
    const happening = happeningOf(work, about);
    this.again(delayMs, happening);
    return () => {
      happening.cancelled = true;
    };
  }

  /**
   * Has something happen later, or once more; it must not be waiting for its time already. Throws
   * when the delay is no number.
   */
  again(delayMs: number, happening: Happening): void {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    if (Number.isNaN(atMs)) throw new Error(noTime(delayMs, happening));
    happening.atMs = atMs;
    happening.order = this.#order++;
    this.#agenda.add(happening);
  }

  /** Resolves after a while of virtual time. */
  pause(delayMs: number, what: string): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve, { what }));
  }

  /**
   * Lets happen what is due until a time. Returns false when nothing at all is left to happen.
   * Throws an `EndlessRun` when too much happens in too little time, or one thing has no end.
   */
  runUntil(untilMs: number): boolean {
    this.#drain();
    for (;;) {
      const next = this.#agenda.first();
      if (next === undefined || next.atMs > untilMs) break;
      this.#agenda.removeFirst();
      this.#happen(next);
    }
    this.#now(Math.max(this.#nowMs, untilMs));
    return this.#agenda.first() !== undefined;
  }

  /** Notes something for the digest and the story. */
  note(where: string, what: string, detail = ""): void {
    this.trace.note(where, what, detail);
  }

  /** Notes something for the digest alone. */
  mark(where: string, what: string, detail: string): void {
    this.trace.mark(where, what, detail);
  }

  /** Tells something for the story alone. */
  tell(where: string, what: string, detail: string): void {
    this.trace.tell(where, what, detail);
  }

  #now(atMs: number): void {
    this.#nowMs = atMs;
    this.trace.atMs = atMs;
  }

  #happen(happening: Happening): void {
    const { process, work, what, atMs } = happening;
    if (happening.cancelled || process?.isGone) return;
    if (process !== undefined && process.pausedUntilMs > atMs) {
      happening.atMs = process.pausedUntilMs;
      this.#agenda.add(happening);
      return;
    }
    this.#now(atMs);
    this.#pace.count(atMs, what, process?.name);
    if (!happening.notesItself) this.note(process?.name ?? "", what);
    work();
    this.#drain();
  }

  /** Lets all that follows at once happen. */
  #drain(): void {
    drainMicrotasks();
    this.#pace.check();
  }
}

/** Something that has no time yet. */
export function happeningOf(work: () => void, about: About): Happening {
  const { what, process, notesItself = false } = about;
  return { atMs: 0, order: 0, what, process, notesItself, work, cancelled: false };
}

function noTime(delayMs: number, { what, process }: Happening): string {
  const name = process === undefined ? what : `${what} of ${process.name}`;
  return (
    `"${name}" was to happen after ${delayMs} ms, which is no time. Give a number of ` +
    "milliseconds, such as 0 for at once."
  );
}
