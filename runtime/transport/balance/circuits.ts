import type { Environment } from "../../contract/environment.ts";
import { Breaker, type BreakerState } from "../../resilience/breaker.ts";

/** Circuits to one instance, at most; the oldest is dropped first. */
const CIRCUITS_MAX = 256;

type Kind = "query" | "command";

/** A procedure, as far as its circuit depends on it. */
interface Guarded {
  /** Its full name, as in `inventory.holdStock`. */
  readonly what: string;
  readonly kind: Kind;
  /** True when only the owner of the module runs it. */
  readonly ownerOnly: boolean;
}

/** A circuit as those see it who look at this process. */
export interface CircuitState extends Guarded {
  readonly state: BreakerState;
}

/**
 * The circuit breakers to one instance, one for each procedure: a procedure that does not answer
 * says nothing of the others.
 */
export class Circuits {
  readonly #instance: string;
  readonly #environment: Pick<Environment, "monotonic">;
  readonly #breakers = new Map<string, { readonly breaker: Breaker; readonly guarded: Guarded }>();

  constructor(instance: string, environment: Pick<Environment, "monotonic">) {
    this.#instance = instance;
    this.#environment = environment;
  }

  /** The circuit breaker of a procedure. */
  of({ what, kind, ownerOnly }: Guarded): Breaker {
    const known = this.#breakers.get(what);
    if (known !== undefined) return known.breaker;
    const breaker = new Breaker(`${what} at ${this.#instance}`, this.#environment);
    this.#breakers.set(what, { breaker, guarded: { what, kind, ownerOnly } });
    if (this.#breakers.size > CIRCUITS_MAX) {
      const [oldest = what] = this.#breakers.keys();
      this.#breakers.delete(oldest);
    }
    return breaker;
  }

  /** Drops all circuits: what opened them is over. */
  clear(): void {
    this.#breakers.clear();
  }

  /** The circuits that were needed so far. */
  states(): CircuitState[] {
    return [...this.#breakers.values()].map(({ breaker, guarded }) => ({
      ...guarded,
      state: breaker.state,
    }));
  }
}
