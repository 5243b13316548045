/**
 * How long the runtime may owe the same thing when no fault happens any more: its own pauses end
 * within a minute, as do those of its timers when a clock was set forward, and clocks may be off by
 * some. What modules plan for later is not owed yet.
 */
const OWED_MS = 300_000;

/** Watches what the runtime owes, so that a recovery that comes, but very late, is seen. */
export class Overdue {
  readonly #told = new Set<string>();
  #since = new Map<string, number>();

  /** What was owed for too long, a sentence each. */
  get sentences(): readonly string[] {
    return [...this.#told].map(
      (one) => `For more than ${OWED_MS / 60_000} minutes in which no fault happened ${one}`,
    );
  }

  /** Looks at what is owed now. */
  look(owed: readonly string[], nowMs: number): void {
    this.#since = new Map(owed.map((one) => [one, this.#since.get(one) ?? nowMs]));
    for (const [one, sinceMs] of this.#since) {
      if (nowMs - sinceMs > OWED_MS) this.#told.add(one);
    }
  }
}
