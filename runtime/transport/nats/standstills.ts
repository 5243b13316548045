import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import type { EventSource } from "../transport.ts";

/** Events that are sent once more for one reader's gap, at most; the rest when it asks again. */
export const RESENT_MAX = 1_024;
/** How long a reader may stand still before it is given once more what it misses. */
const STILL_FIRST_MS = 3_000;
const STILL_MAX_MS = 60_000;
/** By how much more is sent each time than the time before, at least. */
const MORE_EACH_TIME = 16;

/** What a reader misses: its events after its position and before this seq. */
export interface Missing {
  readonly reader: string;
  readonly before: number;
  /** They are sent again and again until so many messages were, within RESENT_MAX. */
  readonly sentMin: number;
  /** How often it was sent in vain. */
  readonly tries: number;
}

interface Standstill {
  readonly position: number;
  /** How often it was given what it misses. */
  tries: number;
  nextAtMs: number;
}

/** What the look-out for standstills stands on. */
export interface StandstillsOptions {
  readonly source: EventSource;
  readonly environment: Environment;
  readonly log: Log;
}

/**
 * Notices readers that stand still behind what was handed over, by what they tell.
 *
 * A consumer that is past its stream's end, as when the broker's files were put back in part,
 * delivers nothing before the stream has come as far. A repeated event has a new place there, so
 * each try sends more messages than the one before, and comes later.
 */
export class Standstills {
  readonly #options: StandstillsOptions;
  readonly #known = new Map<string, Standstill>();

  constructor(options: StandstillsOptions) {
    this.#options = options;
  }

  /** Takes in where a reader is; returns what it should be given once more, if anything now. */
  look(
    reader: string,
    at: { readonly position: number; readonly idle: boolean; readonly wanted: number },
  ): Missing | undefined {
    const { position, idle, wanted } = at;
    const nowMs = this.#options.environment.monotonic();
    const known = this.#known.get(reader);
    if (!idle || position >= wanted) {
      this.#known.delete(reader);
    } else if (known?.position !== position) {
      this.#known.set(reader, { position, tries: 0, nextAtMs: nowMs + STILL_FIRST_MS });
    } else if (nowMs >= known.nextAtMs) {
      return this.#tryAgain(reader, known, wanted);
    }
    return undefined;
  }

  #tryAgain(reader: string, standstill: Standstill, wanted: number): Missing {
    const { environment, source, log } = this.#options;
    const sentMin = Math.min(MORE_EACH_TIME ** standstill.tries, RESENT_MAX);
    standstill.tries += 1;
    const pauseMs = Math.min(STILL_FIRST_MS * 2 ** standstill.tries, STILL_MAX_MS);
    standstill.nextAtMs = environment.monotonic() + pauseMs;
    const { position, tries } = standstill;
    log.warn("a reader waits for events that its stream does not deliver; they are sent again", {
      producer: source.module,
      reader,
      position,
      wanted,
      tries,
    });
    return { reader, before: wanted + 1, sentMin, tries: tries - 1 };
  }
}
