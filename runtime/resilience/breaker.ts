import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  noJitterGenerator,
} from "cockatiel";
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

/** What came of a call, where the circuit shall not take it for a failure. */
type Outcome<T> = { readonly value: T } | { readonly error: unknown };

/**
 * A circuit breaker: after five failures in a row it refuses calls at once, and lets one try after
 * a pause that grows to a minute.
 *
 * Only what says that the other side is away counts: a declared refusal, a misfit or a defect is an
 * answer. What fails after the circuit has changed is of the time before and counts no more. It
 * starts closed and is never stored. cockatiel looks at the system's clock by itself.
 */
export class Breaker {
  /** Whom it guards against, for the message, as in `products at products-2`. */
  readonly name: string;
  readonly #policy = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES_MAX),
    halfOpenAfter: new ExponentialBackoff({
      initialDelay: PAUSE_FIRST_MS,
      maxDelay: PAUSE_MAX_MS,
      generator: noJitterGenerator,
    }),
  });
  #changes = 0;

  constructor(name: string) {
    this.name = name;
    this.#policy.onStateChange(() => {
      this.#changes += 1;
    });
  }

  get state(): BreakerState {
    return states[this.#policy.state];
  }

  /**
   * Runs `work`, or rejects with a TransportError BREAKER_OPEN, `executed: "no"`, at once: also
   * while another call tries whether the other side is back.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    // cockatiel would have this call wait for the one that tries.
    if (this.#policy.state === CircuitState.HalfOpen) throw this.#refusal();
    let outcome: Outcome<T>;
    try {
      outcome = await this.#policy.execute(() => this.#attempt(work));
    } catch (error) {
      throw error instanceof BrokenCircuitError ? this.#refusal() : error;
    }
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    const changes = this.#changes;
    try {
      return { value: await work() };
    } catch (error) {
      if (isFailure(error) && changes === this.#changes) throw error;
      return { error };
    }
  }

  #refusal(): TransportError {
    const message =
      `${this.name} did not answer ${FAILURES_MAX} times in a row, so it is left alone for a ` +
      "moment. Try again later.";
    return new TransportError("BREAKER_OPEN", "no", message);
  }
}

/** True for what says that the other side is away. */
function isFailure(error: unknown): boolean {
  return isTransportError(error) && error.code !== "BREAKER_OPEN";
}
