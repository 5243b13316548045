import type { Environment } from "../contract/environment.ts";

/** The shortest time between two rings, in milliseconds: the grain of what is timed by an alarm. */
const GRAIN_MS = 10;

/**
 * One timer for many times: it rings at the earliest of them.
 *
 * Whoever hears it looks at what it has, and sets it anew by the earliest that is left. A time that
 * needs no ring any more is not taken back: it rings once in vain.
 */
export class Alarm {
  readonly #environment: Pick<Environment, "after" | "monotonic">;
  readonly #ring: () => void;
  #atMs = Number.POSITIVE_INFINITY;
  #cancel = () => {};

  constructor(environment: Pick<Environment, "after" | "monotonic">, ring: () => void) {
    this.#environment = environment;
    this.#ring = ring;
  }

  /** Rings at this time of the monotonic clock, or before; at the grain of 10 ms. */
  ringBy(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#cancel();
    const delayMs = Math.max(GRAIN_MS, atMs - this.#environment.monotonic());
    this.#atMs = atMs;
    this.#cancel = this.#environment.after(delayMs, () => {
      this.#atMs = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }
}
