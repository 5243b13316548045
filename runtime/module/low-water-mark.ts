import type { Environment } from "../contract/environment.ts";
import type { CallerMarks } from "../messaging/caller-marks.ts";
import { oldestJobLetter } from "../messaging/dead-letters.ts";
import { oldestJob } from "../messaging/jobs.ts";
import { oldestLiveSaga } from "../saga/journal.ts";
import type { Read } from "../store/connection.ts";

/** Age of a mark at which it is worked out anew, in milliseconds. An older one keeps more. */
const AGE_MAX_MS = 60_000;

/**
 * A module's low-water mark: the time since when it may still repeat keyed commands. It is the
 * start of its oldest saga that has not ended, the time of its oldest job or of its oldest job
 * among the dead letters, or the lowest mark of those who call it; now when there is none of these.
 *
 * Its callees keep their answers from the mark on, however long that is.
 */
export class LowWaterMark {
  readonly #environment: Environment;
  readonly #read: Read;
  readonly #callers: CallerMarks;
  #markMs = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  constructor(
    environment: Environment,
    of: { readonly read: Read; readonly callers: CallerMarks },
  ) {
    this.#environment = environment;
    this.#read = of.read;
    this.#callers = of.callers;
  }

  /** The mark, in milliseconds since 1970. */
  get ms(): number {
    const monotonicMs = this.#environment.monotonic();
    if (monotonicMs >= this.#untilMs) {
      this.#untilMs = monotonicMs + AGE_MAX_MS;
      this.#markMs = this.#computed();
    }
    return this.#markMs;
  }

  #computed(): number {
    const nowMs = this.#environment.now();
    const own = [oldestLiveSaga, oldestJob, oldestJobLetter].map((find) => find(this.#read));
    return Math.min(nowMs, this.#callers.oldest(nowMs), ...own.map((one) => one ?? Infinity));
  }
}
