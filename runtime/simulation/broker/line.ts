import type { Process } from "../process.ts";
import type { Seeded } from "../seeded.ts";
import type { World } from "../world.ts";
import type { Session } from "./session.ts";
import type { Violation } from "./violation.ts";
import { Wire } from "./wire.ts";

const REDIAL_MS = [200, 400] as const;
/** How often each end asks whether the other lives, and how many times in vain at most. */
const PING_MS = 5_000;
const PINGS_MISSED_MAX = 2;
/** How long it takes until both know each other. */
const HANDSHAKE_MS = [0.2, 3] as const;

/** Where a line leads. */
export interface Exchange {
  readonly isUp: boolean;
  accept(wire: Wire, line: Line): Session;
}

/** What a line is. */
export interface LineOptions {
  readonly world: World;
  readonly exchange: Exchange;
  readonly process: Process;
  readonly user: string;
}

/**
 * Keeps a process connected: the session at the broker while there is one, and after each loss a
 * new one as soon as it can be had.
 */
export class Line {
  readonly #options: LineOptions;
  readonly #seed: Seeded;
  readonly #down: (() => void)[] = [];
  readonly #up: (() => void)[] = [];
  readonly #refused: ((violation: Violation) => void)[] = [];
  #session: Session | undefined;
  #count = 0;
  #cutOffSinceMs = 0;
  #cutOffUntilMs = 0;
  #isClosed = false;

  constructor(options: LineOptions) {
    this.#options = options;
    const { world, process, user } = options;
    this.#seed = world.seed.fork(`line ${process.name} ${user}`);
    process.onGone(() => this.#vanish());
  }

  /** The session over which something can be sent now; undefined when there is none. */
  get session(): Session | undefined {
    return this.#options.process.isGone ? undefined : this.#session;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the broker has had no answer to its pings for so long that it leaves it. */
  get isSilent(): boolean {
    const { world, process } = this.#options;
    const { nowMs } = world;
    const heardMs = nowMs - PING_MS * (PINGS_MISSED_MAX + 1);
    const isCutOff = this.#cutOffUntilMs > nowMs && this.#cutOffSinceMs < heardMs;
    return isCutOff || (process.pausedUntilMs > nowMs && process.pausedSinceMs < heardMs);
  }

  get user(): string {
    return this.#options.user;
  }

  onDown(work: () => void): void {
    this.#down.push(work);
  }

  onUp(work: () => void): void {
    this.#up.push(work);
  }

  /** Has `work` hear of each thing that the broker does not let the user do. */
  onRefused(work: (violation: Violation) => void): void {
    this.#refused.push(work);
  }

  /** Takes the broker's word about what the user may not do. */
  refuse(violation: Violation): void {
    for (const work of this.#refused) work(violation);
  }

  /** Connects for the first time; rejects when nobody is there. */
  async open(): Promise<void> {
    const { world, exchange, process, user } = this.#options;
    await new Promise<void>((resolve) => this.#after(HANDSHAKE_MS, resolve));
    if (!exchange.isUp)
      throw new Error(`${user} of ${process.name} found no broker to connect to.`);
    world.note(process.name, "connected", user);
    this.#session = this.#accepted();
  }

  /** Closes for good; the broker hears of it after what was sent before. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const session = this.session;
    this.#session = undefined;
    session?.wire.up.tell(() => session.end());
    session?.wire.down.cut();
  }

  /** Has nothing pass for a while, which is noticed by pings without an answer. */
  cutOff(forMs: number): void {
    const { world, process } = this.#options;
    const session = this.session;
    const { nowMs } = world;
    if (this.#cutOffUntilMs <= nowMs) this.#cutOffSinceMs = nowMs;
    this.#cutOffUntilMs = Math.max(this.#cutOffUntilMs, nowMs + forMs);
    if (session === undefined) return;
    session.wire.hold(this.#cutOffUntilMs);
    const noticedInMs = this.#seed.between(0, PING_MS) + PING_MS * PINGS_MISSED_MAX;
    if (noticedInMs < forMs) {
      const notice = () => this.#giveUp(session);
      world.after(noticedInMs, notice, { what: "pings missed", process });
    }
  }

  /** Says that a connection is lost, if it is still the one in use. */
  lose(session: Session): void {
    if (this.#session !== session || this.#isClosed) return;
    const { world, process, user } = this.#options;
    world.note(process.name, "disconnected", user);
    this.#session = undefined;
    session.wire.down.cut();
    this.#dialLater();
    for (const work of this.#down) work();
  }

  /** Leaves a connection that does not answer. The broker may get what was sent, and then hears. */
  #giveUp(session: Session): void {
    if (this.#session !== session) return;
    const { up } = session.wire;
    if (this.#seed.next() < 0.5) up.lose();
    up.tell(() => session.end());
    this.lose(session);
  }

  #dialLater(): void {
    const { world } = this.#options;
    const waitMs = Math.max(0, this.#cutOffUntilMs - world.nowMs);
    this.#after(REDIAL_MS, () => this.#dial(), waitMs);
  }

  #dial(): void {
    if (this.#isClosed) return;
    const { world, exchange, process, user } = this.#options;
    if (!exchange.isUp || this.#cutOffUntilMs > world.nowMs) {
      this.#dialLater();
      return;
    }
    this.#after(HANDSHAKE_MS, () => {
      if (this.#isClosed) return;
      if (!exchange.isUp) {
        this.#dialLater();
        return;
      }
      world.note(process.name, "connected again", user);
      this.#session = this.#accepted();
      for (const work of this.#up) work();
    });
  }

  #accepted(): Session {
    const { world, exchange, process, user } = this.#options;
    this.#count += 1;
    return exchange.accept(new Wire(world, { process, user, count: this.#count }), this);
  }

  /** The process is gone: what it had handed to its system still arrives. */
  #vanish(): void {
    const session = this.#session;
    if (session === undefined) return;
    session.wire.up.loseUnsent();
    session.wire.up.tell(() => session.end());
    session.wire.down.cut();
  }

  #after([least, most]: readonly [number, number], work: () => void, waitMs = 0): void {
    const { world, process } = this.#options;
    world.after(waitMs + this.#seed.between(least, most), work, { what: "dial", process });
  }
}
