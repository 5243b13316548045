import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleType } from "cockatiel";
import type { Environment } from "../contract/environment.ts";
import { isTransportError, TransportError } from "../contract/errors.ts";

/** Failures in a row that open the circuit. */
const FAILURES_MAX = 5;
/** How long it is open before one call may try, in milliseconds: the first time, and at most. */
const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 60_000;

export type BreakerState = "closed" | "open" | "half-open";

const states: { readonly [state in CircuitState]: BreakerState } = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open",
};

/** What an error says of the other side: it failed, it answered, or nothing. */
type Verdict = "failed" | "answered" | "unknown";

/** What came of a call, where the circuit shall not take it for a failure. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/** Has the circuit count a failure. */
class Failure extends Error {
  constructor(cause: unknown) {
    super("a failure", { cause });
  }
}

/**
 * A circuit breaker: after five failures in a row it refuses calls at once, and lets one try after
 * a pause that grows to a minute.
 *
 * Only failures by the other side's own fault count. A declared refusal, a misfit or a defect is an
 * answer, and so is a transport error that it relays. What is the caller's fault says neither: a
 * call that it gave up, gave too little time, or had no connection for. What fails after the
 * circuit has changed is of the time before and counts no more. It starts closed and is never
 * stored.
 *
 * cockatiel counts and changes the states; the pauses are kept here, since it looks at the system's
 * clock, which may jump.
 */
export class Breaker {
  /** Whom it guards against, for the message, as in `products at products-2`. */
  readonly name: string;
  readonly #environment: Pick<Environment, "monotonic">;
  readonly #isAway: (error: unknown) => boolean;
  readonly #policy = circuitBreaker(handleType(Failure), {
    breaker: new ConsecutiveBreaker(FAILURES_MAX),
    halfOpenAfter: Number.NEGATIVE_INFINITY,
  });
  #changes = 0;
  /** How often it opened since it was last closed, and until when it is left alone. */
  #breaks = 0;
  #restsUntilMs = 0;
  /** True when the call that tries failed by its caller's fault, so that nothing is known. */
  #undecided = false;

  /** `isAway` tells which errors are failures; left out, transport errors by the callee's fault. */
  constructor(
    name: string,
    environment: Pick<Environment, "monotonic">,
    isAway: (error: unknown) => boolean = isCalleeFailure,
  ) {
    this.name = name;
    this.#environment = environment;
    this.#isAway = isAway;
    this.#policy.onBreak(() => this.#rest());
    this.#policy.onReset(() => {
      this.#breaks = 0;
    });
    this.#policy.onStateChange(() => {
      this.#changes += 1;
    });
  }

  get state(): BreakerState {
    return states[this.#policy.state];
  }

  /** True while it would refuse a call. */
  get isRefusing(): boolean {
    return this.state === "half-open" || this.#rests();
  }

  /**
   * Runs `work`, or rejects with a TransportError BREAKER_OPEN, `executed: "no"`, at once: also
   * while another call tries whether the other side is back.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // cockatiel would have a call wait for the one that tries.
    if (this.isRefusing) throw this.#refusal();
    let outcome: Outcome<T>;
    try {
      outcome = await this.#policy.execute(() => this.#attempt(work));
    } catch (error) {
      throw error instanceof Failure ? error.cause : error;
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  #rests(): boolean {
    return this.state === "open" && this.#environment.monotonic() < this.#restsUntilMs;
  }

  /** Throws a Failure for one; anything else that it throws is no sign of either. */
  async #attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    const changes = this.#changes;
    try {
      return { value: await work() };
    } catch (error) {
      if (changes !== this.#changes) throw error;
      const verdict = this.#judge(error);
      if (verdict === "failed") throw new Failure(error);
      if (verdict === "answered") return { error };
      // cockatiel would close a half-open circuit for what is no failure.
      this.#undecided = this.state === "half-open";
      throw this.#undecided ? new Failure(error) : error;
    }
  }

  #judge(error: unknown): Verdict {
    if (isTransportError(error) && error.fault === "caller") return "unknown";
    return this.#isAway(error) ? "failed" : "answered";
  }

  #rest(): void {
    const nowMs = this.#environment.monotonic();
    if (this.#undecided) {
      this.#undecided = false;
      this.#restsUntilMs = nowMs;
      return;
    }
    this.#breaks += 1;
    this.#restsUntilMs = nowMs + Math.min(PAUSE_FIRST_MS * 2 ** (this.#breaks - 1), PAUSE_MAX_MS);
  }

  #refusal(): TransportError {
    const message =
      `${this.name} did not answer ${FAILURES_MAX} times in a row, so it is left alone for a ` +
      "moment. Try again later.";
    return new TransportError("BREAKER_OPEN", "no", message, { fault: "neither" });
  }
}

function isCalleeFailure(error: unknown): boolean {
  return isTransportError(error) && error.fault === "callee";
}
