import type { Environment } from "../contract/environment.ts";

const LOOK_MS = 25;
/** Looks in a row without a new request after which the listener is closed. */
const QUIET_LOOKS = 10;
/** Looks after which it is closed in any case. */
const HOLD_LOOKS_MAX = 40;
/** The longest that answers are held back, in milliseconds. */
export const HOLD_MS_MAX = HOLD_LOOKS_MAX * LOOK_MS;
/** Looks in a row without a request at work after which the connections are closed: a second. */
const IDLE_LOOKS = 40;
/** Looks in a row in which answers are only being sent, after which they are cut off: 3 s. */
const SENDING_LOOKS = 120;
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
  readonly #environment: Pick<Environment, "after">;
  readonly #released = Promise.withResolvers<void>();
  #isDraining = false;
  #isHolding = false;
  #hasNewRequest = false;

  constructor(environment: Pick<Environment, "after">) {
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
   * Holds answers back from now on, and resolves when no new request has come for 250 ms, or after
   * a second. The looks are counted: between two of them a busy process reads what has come.
   */
  async hold(): Promise<void> {
    this.#isHolding = true;
    for (let looks = 0, quiet = 0; looks < HOLD_LOOKS_MAX && quiet < QUIET_LOOKS; looks++) {
      this.#hasNewRequest = false;
      await this.#pause();
      quiet = this.#hasNewRequest ? 0 : quiet + 1;
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
    const looksMax = deadlineMs / LOOK_MS;
    let [idle, sending] = [0, 0];
    for (
      let looks = 1;
      looks <= looksMax && idle < IDLE_LOOKS && sending < SENDING_LOOKS;
      looks++
    ) {
      await this.#pause();
      if (looks * LOOK_MS >= BODY_MS) requests.giveUpBodies(BODY_MS);
      idle = pending() === 0 ? idle + 1 : 0;
      sending = requests.unanswered === 0 ? sending + 1 : 0;
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
