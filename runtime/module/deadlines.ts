import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { TransportError } from "../contract/errors.ts";

/** How often the calls under way are looked over, in milliseconds: the grain of deadlines. */
const SWEEP_MS = 10;

/** A call under way: whichever of answer and deadline comes first settles it. */
export class Underway {
  readonly procedure: Procedure;
  readonly deadlineAtMs: number;
  readonly #resolve: (answer: unknown) => void;
  readonly #reject: (error: unknown) => void;
  over = false;

  constructor(
    call: { readonly procedure: Procedure; readonly deadlineAtMs: number },
    resolve: (answer: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.procedure = call.procedure;
    this.deadlineAtMs = call.deadlineAtMs;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  answer(value: unknown): void {
    this.over = true;
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.over = true;
    this.#reject(error);
  }
}

/**
 * Ends calls whose time is over. One timer looks over all of them: a timer for each would cost more
 * than the call.
 */
export class Deadlines {
  readonly #environment: Environment;
  #watched: Underway[] = [];
  #sweeping = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Fails the call with DEADLINE, `executed: "unknown"`, unless it is over by then. */
  watch(call: Underway): void {
    this.#watched.push(call);
    if (!this.#sweeping) this.#sweepLater();
  }

  #sweepLater(): void {
    this.#sweeping = true;
    this.#environment.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#environment.monotonic();
    this.#watched = this.#watched.filter((call) => {
      if (call.over) return false;
      if (call.deadlineAtMs > nowMs) return true;
      const name = fullName(call.procedure);
      const message = `${name} did not answer in time; whether it ran is unknown.`;
      call.fail(new TransportError("DEADLINE", "unknown", message));
      return false;
    });
    this.#sweeping = false;
    if (this.#watched.length > 0) this.#sweepLater();
  }
}
