import { fullName, type Procedure } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { TransportError } from "../contract/errors.ts";
import { Alarm } from "../resilience/alarm.ts";

/** A call under way: whichever of answer and deadline comes first settles it. */
export class Underway {
  readonly procedure: Procedure;
  readonly deadlineAtMs: number;
  readonly #resolve: (answer: unknown) => void;
  readonly #reject: (error: unknown) => void;
  /** The neighbours among the calls that are watched, and who watches. */
  older: Underway | undefined;
  newer: Underway | undefined;
  watcher: Deadlines | undefined;

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
    this.watcher?.forget(this);
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.watcher?.forget(this);
    this.#reject(error);
  }
}

/**
 * Ends calls whose time is over. One timer looks over all of them, and a call that is over leaves
 * the list at once: a timer for each, or finished calls kept until the next look, would cost more
 * than the call.
 */
export class Deadlines {
  readonly #environment: Environment;
  readonly #alarm: Alarm;
  #newest: Underway | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#alarm = new Alarm(environment, () => this.#sweep());
  }

  /** Fails the call with DEADLINE, `executed: "unknown"`, unless it is over by then. */
  watch(call: Underway): void {
    call.watcher = this;
    call.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = call;
    this.#newest = call;
    this.#alarm.ringBy(call.deadlineAtMs);
  }

  /** Takes a call that is over off the list. */
  forget(call: Underway): void {
    const { older, newer } = call;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else this.#newest = older;
    call.older = undefined;
    call.newer = undefined;
    call.watcher = undefined;
  }

  #sweep(): void {
    const nowMs = this.#environment.monotonic();
    let nextMs = Number.POSITIVE_INFINITY;
    for (let call = this.#newest; call !== undefined; ) {
      const { older, deadlineAtMs } = call;
      if (deadlineAtMs <= nowMs) call.fail(tooLate(call.procedure));
      else nextMs = Math.min(nextMs, deadlineAtMs);
      call = older;
    }
    this.#alarm.ringBy(nextMs);
  }
}

function tooLate(procedure: Procedure): TransportError {
  const message = `${fullName(procedure)} did not answer in time; whether it ran is unknown.`;
  return new TransportError("DEADLINE", "unknown", message);
}
