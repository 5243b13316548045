import type { Environment } from "../contract/environment.ts";

const LOOK_MS = 25;
/** Looks in a row that must find the same: between two of them a busy process reads what came. */
const LOOKS_MIN = 10;
/** How long no new request must have come for the listener to be closed, in milliseconds. */
const QUIET_MS = 250;
/** The longest that answers are held back, in milliseconds, but for the last look. */
export const HOLD_MS_MAX = 1_000;
/** How long no request must be at work for the connections to be closed, in milliseconds. */
const IDLE_MS = 1_000;
/** How long answers may only be sent before they are cut off, in milliseconds. */
const SENDING_MS = 3_000;
/** How long a body may be on its way before it is given up, in milliseconds: it has 256 KiB. */
const BODY_MS = 2_000;

/** The requests that a gateway has taken and not answered. */
export interface UnansweredRequests {
  readonly unanswered: number;
  /** Answers requests with 408 whose bodies have been on their way for this long. */
  giveUpBodies(forMs: number): void;
}

/**
 * How a gateway that stops treats requests, so that none is lost that was sent on a connection that
 * it had accepted.
 *
 * Bun closes idle connections together with the listener, also one whose next request is on its
 * way. So all answers are held back for a moment: a client that is at work then waits for one, its
 * connection is not idle, and Bun closes it after that answer.
 */
export class Drain {
  readonly #environment: Pick<Environment, "after" | "monotonic">;
  readonly #released = Promise.withResolvers<void>();
  #isDraining = false;
  #isHolding = false;
  #hasNewRequest = false;

  constructor(environment: Pick<Environment, "after" | "monotonic">) {
    this.#environment = environment;
  }

  /** True when the connection of each answer is to be closed after it. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Has connections be closed after their next answer. */
  begin(): void {
    this.#isDraining = true;
  }

  /** True while no answer is to be sent before `released` resolves. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  get released(): Promise<void> {
    return this.#released.promise;
  }

  noteRequest(): void {
    this.#hasNewRequest = true;
  }

  /**
   * Holds answers back from now on, and resolves when no new request has come for 250 ms and ten
   * looks, or after a second.
   */
  async hold(): Promise<void> {
    const { monotonic } = this.#environment;
    this.#isHolding = true;
    const quiet = new Stretch(monotonic());
    for (const endMs = monotonic() + HOLD_MS_MAX; monotonic() < endMs && !quiet.lasts(QUIET_MS); ) {
      this.#hasNewRequest = false;
      await this.#pause();
      quiet.look(!this.#hasNewRequest, monotonic());
    }
  }

  /**
   * Resolves when nothing will be answered any more, or at the deadline: when no request has been
   * at work for a second, or when for three seconds answers were only being sent, as those are that
   * never end. Bodies that do not come within two seconds are given up.
   *
   * Bun waits for a client that has sent a part of a head for as long as it stays; what is on its
   * way comes in that second.
   */
  async finish(
    requests: UnansweredRequests,
    { pending, deadlineMs }: { readonly pending: () => number; readonly deadlineMs: number },
  ): Promise<void> {
    const { monotonic } = this.#environment;
    const startMs = monotonic();
    const all = new Stretch(startMs);
    const idle = new Stretch(startMs);
    const sending = new Stretch(startMs);
    while (!all.lasts(deadlineMs) && !idle.lasts(IDLE_MS) && !sending.lasts(SENDING_MS)) {
      await this.#pause();
      const nowMs = monotonic();
      all.look(true, nowMs);
      if (all.lasts(BODY_MS)) requests.giveUpBodies(BODY_MS);
      idle.look(pending() === 0, nowMs);
      sending.look(requests.unanswered === 0, nowMs);
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#environment.after(LOOK_MS, resolve));
  }

  /** Lets the answers go. */
  release(): void {
    this.#isHolding = false;
    this.#released.resolve();
  }
}

/** For how long looks in a row have found the same, in time and in looks. */
class Stretch {
  #startMs: number;
  #nowMs: number;
  #looks = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#nowMs = startMs;
  }

  look(isSame: boolean, nowMs: number): void {
    this.#nowMs = nowMs;
    if (isSame) this.#looks += 1;
    else [this.#looks, this.#startMs] = [0, nowMs];
  }

  /** Reports whether that is so long, and enough looks: a process that stood still made none. */
  lasts(ms: number): boolean {
    return this.#looks >= LOOKS_MIN && this.#nowMs - this.#startMs >= ms;
  }
}
