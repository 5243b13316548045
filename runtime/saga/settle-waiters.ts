import type { Environment } from "../contract/environment.ts";

/** How long a call waits for a saga to settle. */
export interface SettlePatience {
  readonly ms: number;
  /** Aborts when the call is given up, and then it waits no more; undefined when it never is. */
  readonly signal: AbortSignal | undefined;
}

/** The calls that wait for sagas to settle, by the saga's key. */
export class SettleWaiters {
  readonly #environment: Pick<Environment, "after">;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(environment: Pick<Environment, "after">) {
    this.#environment = environment;
  }

  /** Resolves when the saga settles, when the time is over or when the call is given up. */
  wait(key: string, { ms, signal }: SettlePatience): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      this.#waiting.set(key, waiting);
      const end = () => {
        cancel();
        signal?.removeEventListener("abort", end);
        waiting.delete(end);
        if (waiting.size === 0) this.#waiting.delete(key);
        resolve();
      };
      const cancel = this.#environment.after(ms, end);
      signal?.addEventListener("abort", end);
      waiting.add(end);
    });
  }

  /** The saga has settled. */
  settle(key: string): void {
    for (const end of [...(this.#waiting.get(key) ?? [])]) end();
  }
}
