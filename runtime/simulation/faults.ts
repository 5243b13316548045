import { type Seeded, seeded } from "./seeded.ts";

/**
 * How often each kind of fault happens, as the share of its opportunities.
 *
 * What an opportunity is differs: a point that a process passes, a message on its way, a commit,
 * or a moment of the run (each second, for what happens to whole processes and the broker).
 */
export interface FaultRates {
  /** At a named point, such as before and after each commit: the process is gone. */
  readonly kill: number;
  /**
   * Each second, for each process: it is gone; it stands still, for up to ten seconds or, rarely,
   * for longer.
   */
  readonly "kill-any": number;
  readonly pause: number;
  /** Each second, for each process, where there are versions: it is restarted as one of them. */
  readonly version: number;
  /**
   * Each second: the machine fails, and with it all processes and the broker, which loses what it
   * had not synced. What a database has committed lasts.
   */
  readonly machine: number;
  /** Each second: the system is stopped, gently or not, and started in another topology. */
  readonly topology: number;
  /** A message: late by up to two seconds or rarely more, lost, or doubled. */
  readonly "message-late": number;
  readonly "message-lost": number;
  readonly "message-doubled": number;
  /** A reply, after the effect: lost. */
  readonly "reply-lost": number;
  /** An answered command of a client: the client asks once more, with the same key. */
  readonly "asked-again": number;
  /** Each second: a process loses its connection; it cannot be reached for a while. */
  readonly disconnect: number;
  readonly partition: number;
  /** Each second: the broker restarts, which may lose what it had not synced. */
  readonly "broker-restart": number;
  /** At a restart of the broker: the tails of streams, acks and whole consumers are lost. */
  readonly "broker-loss": number;
  /** Each second: all streams are gone; a stream is as it was some time ago. */
  readonly "stream-wiped": number;
  readonly "stream-rewound": number;
  /** Each second: the broker restarts, and the files of a stream were damaged meanwhile. */
  readonly "stream-damaged": number;
  /** A commit: the disk is full, busy or slow; it lasts although an error is reported. */
  readonly "disk-full": number;
  readonly "disk-busy": number;
  readonly "disk-slow": number;
  readonly "commit-unknown": number;
  /** Each second, for each process: its clock of the day jumps by up to a minute. */
  readonly "clock-jump": number;
  /**
   * Each second: the machine's clock of the day, that of all processes, is set forward by 5 to 45
   * minutes, as by an operator or after it was suspended. No timer notices.
   */
  readonly "clock-set": number;
  /**
   * Each second, for each process: its reactions fail for a while, all of them, as after a bad
   * deployment.
   */
  readonly "reactions-fail": number;
  /**
   * What a process asks of the world beyond: the request gets lost, or comes when the process has
   * given it up long ago, or the answer to it gets lost.
   */
  readonly "outside-lost": number;
  readonly "outside-late": number;
  readonly "outside-unanswered": number;
}

export type Fault = keyof FaultRates;

/** A fault that happened: its kind, its place, and which opportunity of these it took. */
export interface Happened {
  readonly fault: Fault;
  readonly about: string;
  readonly nth: number;
}

/**
 * Decides which faults happen.
 *
 * Which opportunities are taken depends on the seed, the kind and the place alone: without one
 * fault the others still happen at theirs, which is what makes a failing run shrink.
 */
export class Faults {
  readonly happened: Happened[] = [];
  readonly #seed: Seeded;
  readonly #rates: FaultRates;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #spots = new Map<Fault, Map<string, Spot>>();
  #on = false;

  constructor(options: {
    readonly seed: Seeded;
    readonly rates: FaultRates;
    /** The names of those that may happen; all when not given. */
    readonly only?: ReadonlySet<string> | undefined;
  }) {
    this.#seed = options.seed;
    this.#rates = options.rates;
    this.#only = options.only;
  }

  /** Lets faults happen, or not any more. */
  set on(on: boolean) {
    this.#on = on;
  }

  /** Whether this fault happens at this opportunity. */
  happens(fault: Fault, about: string): boolean {
    return this.at(fault, about).happens();
  }

  /** The place of a fault, for whoever asks there again and again. */
  at(fault: Fault, about: string): Spot {
    let spots = this.#spots.get(fault);
    if (spots === undefined) {
      spots = new Map();
      this.#spots.set(fault, spots);
    }
    const known = spots.get(about);
    if (known !== undefined) return known;
    const made = this.#spotOf(fault, about);
    spots.set(about, made);
    return made;
  }

  #spotOf(fault: Fault, about: string): Spot {
    const rate = this.#rates[fault];
    if (rate === 0) return { happens: () => false };
    const seed = this.#seed.fork(`${fault} ${about}`);
    let count = 0;
    let next = gap(rate, seed);
    return {
      happens: () => {
        if (!this.#on) return false;
        count += 1;
        if (count !== next) return false;
        next += gap(rate, seed);
        return this.#take({ fault, about, nth: count });
      },
    };
  }

  #take(happened: Happened): boolean {
    if (this.#only !== undefined && !this.#only.has(nameOf(happened))) return false;
    this.happened.push(happened);
    return true;
  }

  /** A number within a range for a fault that happens now, and at times within a rarer one. */
  amountOf(usual: Range, rare: Range): number {
    const draw = this.amount(0, 1);
    if (draw >= RARE) return within(usual, (draw - RARE) / (1 - RARE));
    return within(rare, draw / RARE);
  }

  /** A number between two for a fault that happens now; its own for each fault. */
  amount(least: number, most: number): number {
    const last = this.happened.at(-1);
    const name = last === undefined ? "" : nameOf(last);
    return seeded(Bun.hash.xxHash32(name, this.#seed.root ^ 1)).between(least, most);
  }
}

/** How often a fault that has two sizes is of the rarer one. */
const RARE = 0.15;

/** A least and a most. */
type Range = readonly [least: number, most: number];

/** One kind of fault at one place. */
export interface Spot {
  /** Whether it happens at this opportunity. */
  happens(): boolean;
}

/** How many opportunities until one is taken, each with the same chance. */
function gap(rate: number, seed: Seeded): number {
  if (rate >= 1) return 1;
  return 1 + Math.floor(Math.log(1 - seed.next()) / Math.log(1 - rate));
}

function within([least, most]: Range, share: number): number {
  return least + share * (most - least);
}

/** A fault's name, by which it can be allowed. */
export function nameOf({ fault, about, nth }: Happened): string {
  return `${fault} ${about} #${nth}`;
}
