import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { TransportError } from "../contract/errors.ts";

/** How often the calls under way are looked over, in milliseconds: the grain of deadlines. */
const SWEEP_MS = 10;

interface Watched {
  readonly deadlineAtMs: number;
  readonly procedure: Procedure;
  readonly reject: (error: unknown) => void;
  over: boolean;
}

/** Ends calls whose time is over. One timer looks over all of them: a timer a call would cost more than the call. */
export class Deadlines {
  readonly #environment: Environment;
  #watched: Watched[] = [];
  #sweeping = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The promise's outcome, or a TransportError DEADLINE, `executed: "unknown"`, when the time is over first. */
  within<T>(promise: Promise<T>, deadlineAtMs: number, procedure: Procedure): Promise<T> {
    return new Promise((resolve, reject) => {
      const watched: Watched = { deadlineAtMs, procedure, reject, over: false };
      promise.then(
        (value) => {
          watched.over = true;
          resolve(value);
        },
        (error) => {
          watched.over = true;
          reject(error);
        },
      );
      this.#watched.push(watched);
      if (!this.#sweeping) this.#sweepLater();
    });
  }

  #sweepLater(): void {
    this.#sweeping = true;
    this.#environment.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    const nowMs = this.#environment.monotonic();
    this.#watched = this.#watched.filter((one) => {
      if (one.over) return false;
      if (one.deadlineAtMs > nowMs) return true;
      const message = `${fullName(one.procedure)} did not answer in time; whether it ran is unknown.`;
      one.reject(new TransportError("DEADLINE", "unknown", message));
      return false;
    });
    this.#sweeping = false;
    if (this.#watched.length > 0) this.#sweepLater();
  }
}
