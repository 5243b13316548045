import { fullName, type Procedure } from "../contract/contract.ts";
import { TransportError } from "../contract/errors.ts";
import { type Deadlines, GIVE_UP_AFTER_MS, TimedWork } from "../resilience/deadlines.ts";
import { faultOfDelay } from "../transport/fault-of-delay.ts";
import type { CallRequest } from "../transport/transport.ts";

/** What is logged of a handler that is given up, and of one that settles afterwards. */
export const HANDLER_GIVEN_UP =
  "a handler has not settled after its deadline; its call is given up and counts no more. " +
  "Set a time limit for what the handler awaits.";
export const HANDLER_SETTLED = "a handler that was given up has settled";

/** What counts the calls that run. */
export interface CallCounter {
  /** Counts the call no more. */
  ended(): void;
  /** Its handler has not settled `overdueMs` after its deadline. */
  abandoned(call: RunningCall, overdueMs: number): void;
  /** Its handler was given up, and has settled now. */
  settledLate(call: RunningCall): void;
}

/**
 * A call that runs: whichever of answer and deadline comes first settles it for the caller. It is
 * counted until its handler has settled, but no longer than a second after its deadline.
 */
export class RunningCall extends TimedWork {
  readonly procedure: Procedure;
  readonly request: CallRequest;
  readonly #counter: CallCounter;
  readonly #resolve: (answer: unknown) => void;
  readonly #reject: (error: unknown) => void;
  /** False for a call that waits for the answer to another one. */
  readonly #hasHandler: boolean;
  #isOverdue = false;
  #isCounted = true;
  #isGivenUp = false;

  constructor(
    call: {
      readonly procedure: Procedure;
      readonly request: CallRequest;
      readonly hasHandler: boolean;
    },
    counter: CallCounter,
    [resolve, reject]: readonly [(answer: unknown) => void, (error: unknown) => void],
  ) {
    super(call.request.deadlineAtMs);
    this.procedure = call.procedure;
    this.request = call.request;
    this.#hasHandler = call.hasHandler;
    this.#counter = counter;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Counts the call no more, since its handler has settled or is given up. */
  end(): void {
    if (this.#isCounted) {
      this.#isCounted = false;
      this.#counter.ended();
    } else if (this.#isGivenUp) {
      this.#isGivenUp = false;
      this.#counter.settledLate(this);
    }
  }

  answer(value: unknown): void {
    this.watcher?.forget(this);
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.watcher?.forget(this);
    this.#reject(error);
  }

  override expire(nowMs: number, deadlines: Deadlines): void {
    if (!this.#isOverdue) {
      this.#isOverdue = true;
      this.#reject(tooLate(this.procedure, this.request));
      if (!this.#hasHandler) return this.end();
      this.dueAtMs += GIVE_UP_AFTER_MS;
      deadlines.watch(this);
      return;
    }
    if (this.#isCounted) {
      this.#counter.abandoned(this, nowMs - this.request.deadlineAtMs);
      this.end();
      this.#isGivenUp = true;
    }
  }
}

function tooLate(procedure: Procedure, { timeoutMs }: CallRequest): TransportError {
  const message = `${fullName(procedure)} did not answer in time; whether it ran is unknown.`;
  return new TransportError("DEADLINE", "unknown", message, { fault: faultOfDelay(timeoutMs) });
}
