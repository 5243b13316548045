import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import type { EventSource } from "../transport.ts";
import { type Told, toldIn } from "./event-wire.ts";
import type { Link, Message } from "./link.ts";
import { positionSubject, streamOf } from "./subjects.ts";

/** Consumers of one producer that are known, and strangers that are being looked up, at most. */
const CONSUMERS_MAX = 256;
const LOOKUPS_MAX = 16;
/** Reports of one consumer that are taken in within one window, whose length is milliseconds. */
const WINDOW_MS = 100;
const REPORTS_MAX = 32;
/** How soon a consumer's demand may follow on the one before: later each time it has not moved. */
const DEMAND_FIRST_MS = 400;
const DEMAND_MAX_MS = 60_000;

/** What a producer's reports stand on. */
export interface PositionReportsOptions {
  readonly connection: Link;
  readonly source: EventSource;
  /** It must not stand still. */
  readonly clock: Pick<Environment, "after" | "monotonic">;
  readonly log: Log;
  /** Takes in what a consumer has reported, within its bounds. */
  readonly take: (consumer: string, told: Told) => void;
}

/** One consumer and what it has asked of the producer. */
interface Reporter {
  /** Reports taken in within this window. */
  count: number;
  /** The newest report that did not fit in it. */
  late: Told | undefined;
  /** When it may have the stream looked at, and events sent once more. */
  readonly looks: DemandLimit;
  readonly resends: DemandLimit;
}

/** How often a consumer may demand something: later each time that it has not moved since. */
class DemandLimit {
  #reached = -1;
  #nextAtMs = Number.NEGATIVE_INFINITY;
  #pauseMs = DEMAND_FIRST_MS;

  /** Whether a demand comes late enough after the one before. */
  grants(position: number, nowMs: number): boolean {
    if (nowMs < this.#nextAtMs) return false;
    // One that has asked for nothing for as long as it could at most begins anew.
    const wasQuiet = nowMs - this.#nextAtMs > DEMAND_MAX_MS;
    if (position > this.#reached || wasQuiet) this.#pauseMs = DEMAND_FIRST_MS;
    this.#reached = Math.max(this.#reached, position);
    this.#nextAtMs = nowMs + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, DEMAND_MAX_MS);
    return true;
  }
}

/**
 * Takes in what consumers report of themselves. They are other processes, which may be broken or in
 * strange hands, so none of them can cost the producer much:
 *
 * - Only consumers that the broker has, as the manifest says, are heard, and so many at most.
 * - What makes no sense is dropped, and what is out of bounds is brought within them.
 * - Of many reports at once some are taken in, and one a little later; the others are dropped. A
 *   consumer repeats what it reports each second.
 * - A demand (events once more, or a look at the stream) that follows too soon is dropped. Whoever
 *   takes in what it asked for may ask again soon.
 */
export class PositionReports {
  readonly #options: PositionReportsOptions;
  readonly #reporters = new Map<string, Reporter>();
  /** Consumers that are not known yet, with their newest reports. */
  readonly #strangers = new Map<string, Told>();
  #isWindowOpen = false;

  constructor(options: PositionReportsOptions) {
    this.#options = options;
    const { connection, source } = options;
    const subject = positionSubject(source.module, "*");
    connection.listen(subject, (message) => this.#hear(message));
  }

  #hear(message: Message): void {
    const { source } = this.#options;
    const [kind, producer, consumer = "", ...more] = message.subject.split(".");
    // The broker can be made to send other messages here; they keep their subject.
    if (kind !== "pos" || producer !== source.module || more.length > 0) return;
    const reporter = this.#reporterOf(consumer);
    if (reporter !== undefined && reporter.count >= 2 * REPORTS_MAX) return;
    const told = toldIn(message);
    if (told === undefined) return;
    if (reporter === undefined) return this.#lookUp(consumer, told);
    this.#admit(consumer, reporter, told);
  }

  /** What is known of a consumer; undefined for a stranger. */
  #reporterOf(consumer: string): Reporter | undefined {
    const known = this.#reporters.get(consumer);
    if (known !== undefined) return known;
    const isKnown = this.#options.source.readers().has(consumer);
    return isKnown ? this.#welcome(consumer) : undefined;
  }

  #welcome(consumer: string): Reporter {
    const limits = { looks: new DemandLimit(), resends: new DemandLimit() };
    const reporter: Reporter = { count: 0, late: undefined, ...limits };
    this.#reporters.set(consumer, reporter);
    return reporter;
  }

  /** Asks the broker whether a stranger is one of the manifest's consumers. */
  #lookUp(consumer: string, told: Told): void {
    const { connection, source, log } = this.#options;
    const isAsked = this.#strangers.has(consumer);
    if (!isAsked && this.#strangers.size >= LOOKUPS_MAX) return;
    if (source.readers().size >= CONSUMERS_MAX) return;
    this.#strangers.set(consumer, told);
    if (isAsked) return;
    const forget = () => {
      const newest = this.#strangers.get(consumer);
      this.#strangers.delete(consumer);
      return newest;
    };
    connection.delivered(streamOf(source.module), consumer).then(
      (delivered) => {
        const newest = forget();
        if (delivered === undefined || newest === undefined) return;
        this.#admit(consumer, this.#welcome(consumer), newest);
      },
      (error: unknown) => {
        forget(); // It reports again.
        log.debug("a consumer could not be looked up", { consumer, error });
      },
    );
  }

  /** Takes in a report, or keeps the newest for when the window is over. */
  #admit(consumer: string, reporter: Reporter, told: Told): void {
    reporter.count += 1;
    this.#openWindow();
    if (reporter.count <= REPORTS_MAX) this.#take(consumer, reporter, told);
    else reporter.late = told;
  }

  #openWindow(): void {
    if (this.#isWindowOpen) return;
    this.#isWindowOpen = true;
    this.#options.clock.after(WINDOW_MS, () => {
      this.#isWindowOpen = false;
      for (const [consumer, reporter] of this.#reporters) {
        const { late } = reporter;
        reporter.count = 0;
        reporter.late = undefined;
        if (late !== undefined) this.#admit(consumer, reporter, late);
      }
    });
  }

  #take(consumer: string, { looks, resends }: Reporter, told: Told): void {
    const { source, clock, take } = this.#options;
    const nowMs = clock.monotonic();
    const { position, attached, missingBefore } = told;
    const isResent = missingBefore !== null && resends.grants(position, nowMs);
    take(consumer, {
      ...told,
      attached: attached && looks.grants(position, nowMs),
      missingBefore: isResent ? Math.min(missingBefore, source.lastSeq() + 1) : null,
    });
  }
}
