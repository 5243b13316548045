import type { Environment } from "../contract/environment.ts";

/** Retries that each call earns, that time earns, and that may be saved up. */
const PER_CALL = 0.1;
const PER_SECOND = 3;
const SAVED_MAX = 30;

/** How many calls may be repeated, so that repeating never makes a bad moment worse. */
export class RetryBudget {
  readonly #environment: Pick<Environment, "monotonic">;
  #saved = SAVED_MAX;
  #atMs: number;

  constructor(environment: Pick<Environment, "monotonic">) {
    this.#environment = environment;
    this.#atMs = environment.monotonic();
  }

  /** Notes a call, which earns a tenth of a retry. */
  earn(): void {
    this.#saved = Math.min(SAVED_MAX, this.#saved + PER_CALL);
  }

  /** Takes a retry out; false when none is left. */
  spend(): boolean {
    const nowMs = this.#environment.monotonic();
    const earned = ((nowMs - this.#atMs) * PER_SECOND) / 1_000;
    this.#atMs = nowMs;
    this.#saved = Math.min(SAVED_MAX, this.#saved + earned);
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
