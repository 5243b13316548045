import type { Environment } from "../contract/environment.ts";
import { Breaker, type BreakerState } from "../resilience/breaker.ts";

/** Runs work that reaches outside, unless what it reaches is left alone for a moment. */
export type Guard = <T>(work: () => Promise<T>) => Promise<T>;

/** A circuit breaker as those see it who look at an instance from outside. */
export interface BreakerStanding {
  /** Whom it guards against, as in `payments.provider`. */
  readonly name: string;
  readonly state: BreakerState;
}

/** The circuit breakers before what an instance's ports reach. */
export class Guards {
  readonly #environment: Pick<Environment, "monotonic">;
  readonly #breakers: Breaker[] = [];

  constructor(environment: Pick<Environment, "monotonic">) {
    this.#environment = environment;
  }

  /** Makes a breaker; see `World.guard`. */
  add(name: string, isAway: (error: unknown) => boolean): Guard {
    const breaker = new Breaker(name, this.#environment, isAway);
    this.#breakers.push(breaker);
    return (work) => breaker.run(work);
  }

  standings(): BreakerStanding[] {
    return this.#breakers.map(({ name, state }) => ({ name, state }));
  }
}
