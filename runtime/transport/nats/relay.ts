import type { Environment } from "../../contract/environment.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Envelope, EventSource } from "../transport.ts";
import { eventHeaders, type Predecessors, type Told } from "./event-wire.ts";
import type { Link } from "./link.ts";
import type { Ownership } from "./ownership.ts";
import { PositionReports } from "./position-reports.ts";
import { RebuildRequests } from "./rebuild-requests.ts";
import { type Missing, RESENT_MAX, Standstills } from "./standstills.ts";
import { streamState } from "./stream-state.ts";
import { eventSubject, streamOf } from "./subjects.ts";

/** Events under way to the stream at once, at most. */
const UNDERWAY_MAX = 256;
const BATCH_MAX = 64;
const FILL_BATCH_MAX = 32;
const ACK_TIMEOUT_MS = 5_000;
const PAUSE_FIRST_MS = 100;
const PAUSE_MAX_MS = 5_000;
/** How often in a row a stream that answers may not take what follows on its last message. */
const REFUSALS_MAX = 3;
/** After how many failures in a row it is said that events are kept back: then rarely. */
const REPORTED_FAILURES = new Set([4, 16, 64, 256, 1_024]);
/** How often events may be sent again to a reader that stands still. */
const SENT_AGAIN_MAX = 1;
/** How long after a stream was to be made anew it is looked at, in milliseconds. */
const REBUILT_MS = 3_000;

/** What a relay stands on. */
export interface RelayOptions {
  readonly connection: Link;
  readonly source: EventSource;
  /** The modules of this instance: they read in process. */
  readonly here: ReadonlySet<string>;
  /** Whether the module is owned here; undefined where that is not asked. */
  readonly ownership?: Pick<Ownership, "pending"> | undefined;
  readonly environment: Environment;
  /** The clock by which readers' reports are limited; it must not stand still. */
  readonly clock: Pick<Environment, "after" | "monotonic">;
  readonly log: Log;
}

/**
 * Carries one module's events from its outbox to its stream, in order and without a gap.
 *
 * The outbox is the truth and the stream a log for delivery that may be lost: each publish says
 * which sequence the stream must have, so a second relay, a rewound stream or a lost message is
 * refused instead of passed over; then the relay looks where the stream stands and goes on from
 * there. Where it starts on an empty stream follows from what the readers have told.
 *
 * That an event is in the stream does not say that it is delivered: a reader with nothing in hand
 * that stays behind what was handed over is given it once more, until it moves.
 *
 * A stream whose state contradicts itself or the outbox, that answers and takes nothing after its
 * last message, or that does not deliver what was sent twice, is damaged: the provisioner is asked
 * to make it anew, and it is filled again from where its readers are.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #stream: string;
  /** The points before an event is handed to the stream, and after the stream has said so. */
  readonly #publishing: string;
  readonly #taken: string;
  readonly #heard = new Set<string>();
  /** The seq of the last event that was handed to the stream. */
  #published = 0;
  /** The sequence of the stream's last message, with those under way. */
  #streamSeq = 0;
  /** For each reader the last event handed over that it wants. */
  #wanted = new Map<string, number>();
  /** What is to be sent once more, by reader. */
  readonly #gaps = new Map<string, Missing>();
  readonly #standstills: Standstills;
  readonly #rebuilds: RebuildRequests;
  /** Where the stream stood, by its own word, when the relay last got in step with it. */
  #inStepAt = 0;
  /** How often in a row the stream has not taken what follows on that. */
  #refusals = 0;
  #inStep = false;
  #running = false;
  #underway = 0;
  #settled: (() => void) | undefined;
  #failures = 0;
  #pausing = false;
  #closed = false;

  constructor(options: RelayOptions) {
    const { connection, source } = options;
    this.#options = options;
    this.#stream = streamOf(source.module);
    this.#publishing = `relay.publishing:${source.module}`;
    this.#taken = `relay.published:${source.module}`;
    this.#standstills = new Standstills(options);
    this.#rebuilds = new RebuildRequests({ ...options, module: source.module });
    new PositionReports({ ...options, take: (reader, told) => this.#hear(reader, told) });
    connection.onUp(() => this.#resync());
    this.wake();
  }

  /** Tells that events were committed. */
  wake(): void {
    if (this.#running || this.#pausing || this.#closed) return;
    this.#running = true;
    void this.#run();
  }

  /** True while somebody elsewhere has not taken in what was published. */
  get busy(): boolean {
    if (this.#underway > 0) return true;
    const { source } = this.#options;
    const lastSeq = source.lastSeq();
    return this.#readersElsewhere().some(
      ([name, { position }]) => position < source.lastFor(name, lastSeq) && !source.misses(name),
    );
  }

  /** How many places of the log each reader elsewhere is behind the last event that it wants. */
  lags(): { reader: string; behind: number }[] {
    const { source } = this.#options;
    const lastSeq = source.lastSeq();
    return this.#readersElsewhere().map(([reader, { position }]) => {
      const behind = Math.max(0, source.lastFor(reader, lastSeq) - position);
      return { reader, behind };
    });
  }

  /** True once this reader has told where it is since the relay began. */
  hasHeard(reader: string): boolean {
    return this.#heard.has(reader);
  }

  /** Hands over nothing more and resolves when what was under way is in the stream, or is not. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#allAnswered();
  }

  #hear(reader: string, told: Told): void {
    const { source } = this.#options;
    const { events, position, attached, missingBefore, idle } = told;
    const isNew = !source.readers().has(reader);
    source.noteReader(reader, { events, position });
    this.#heard.add(reader);
    if (missingBefore !== null) this.#fillBefore(reader, missingBefore);
    if (attached || isNew) this.#resync();
    else if (missingBefore !== null) this.wake();
    else if (this.#inStep) this.#lookAfter(reader, { position, idle });
  }

  /** Hands over once more what a reader stands still for. */
  #lookAfter(reader: string, at: { readonly position: number; readonly idle: boolean }): void {
    // What is gone cannot be sent again, and nothing after it is taken in before a person decides.
    if (this.#options.source.misses(reader)) return;
    const wanted = this.#wanted.get(reader) ?? 0;
    const missing = this.#standstills.look(reader, { ...at, wanted });
    if (missing === undefined) return;
    if (missing.tries > SENT_AGAIN_MAX) {
      this.#rebuild(`reader ${reader} is not delivered what follows on event ${at.position}`);
    }
    this.#gaps.set(reader, missing);
    this.wake();
  }

  #fillBefore(reader: string, before: number): void {
    if (!this.#gaps.has(reader)) this.#gaps.set(reader, { reader, before, sentMin: 1, tries: 0 });
  }

  /** Has the stream made anew, and looks soon whether it was. */
  #rebuild(reason: string): void {
    if (!this.#rebuilds.request(reason)) return;
    this.#options.environment.after(REBUILT_MS, () => this.#resync());
  }

  /** Looks again where the stream stands before anything more is handed over. */
  #resync(): void {
    this.#inStep = false;
    this.wake();
  }

  async #run(): Promise<void> {
    const { connection, log } = this.#options;
    try {
      while (!this.#closed && !this.#pausing && connection.isUp && this.#hasWork()) {
        const pending = this.#options.ownership?.pending;
        if (pending !== undefined) await pending;
        if (!this.#inStep) await this.#getInStep();
        await this.#fillGaps();
        await this.#publishSome();
      }
    } catch (error) {
      log.debug("a stream could not be looked at", { stream: this.#stream, error });
      this.#later(error);
    }
    this.#running = false;
    if (!this.#closed && connection.isUp && this.#hasWork()) this.wake();
  }

  /** Goes on after a pause, from where the stream stands then. */
  #later(error: unknown): void {
    this.#inStep = false;
    if (this.#pausing) return;
    this.#pausing = true;
    this.#failures += 1;
    const { environment, log, source } = this.#options;
    if (REPORTED_FAILURES.has(this.#failures)) {
      const { module } = source;
      log.error(
        "Events are kept back until their stream takes them again. If a nats-server of your own " +
          "is used, see that it runs and its disk has room, or restart it",
        { module, stream: this.#stream, failures: this.#failures, error },
      );
    }
    const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** (this.#failures - 1), PAUSE_MAX_MS);
    environment.after(pauseMs, () => {
      this.#pausing = false;
      this.wake();
    });
  }

  #hasWork(): boolean {
    if (this.#readersElsewhere().length === 0) return false;
    if (!this.#inStep || this.#gaps.size > 0) return true;
    return this.#published < this.#options.source.lastSeq();
  }

  #readersElsewhere() {
    const { source, here } = this.#options;
    return [...source.readers()].filter(([name]) => !here.has(name));
  }

  /** Finds out where the stream stands, and with it from which event to go on. */
  async #getInStep(): Promise<void> {
    await this.#allAnswered();
    const { connection, source } = this.#options;
    this.#inStep = true;
    const consumers = this.#readersElsewhere().map(([name]) => name);
    const { lastSeq, lastEvent, damage } = await streamState(connection, source, consumers);
    if (damage !== undefined) this.#rebuild(damage);
    if (lastSeq !== this.#inStepAt) this.#refusals = 0;
    const taken = this.#readersElsewhere().map(([, { position }]) => position);
    this.#inStepAt = lastSeq;
    this.#streamSeq = lastSeq;
    this.#published = Math.max(lastEvent, Math.min(...taken));
    this.#wantUpTo(this.#published);
    this.#options.environment.reach(`relay.in-step:${source.module}`);
  }

  async #publishSome(): Promise<void> {
    const { source } = this.#options;
    const lastSeq = source.lastSeq();
    const batch = source.after(this.#published, BATCH_MAX);
    // What was removed before a reader took it in is not there, and is not passed over for it.
    if (batch.length === 0) this.#passTo(lastSeq);
    for (const envelope of batch) {
      if (!this.#inStep || this.#closed) return;
      this.#passTo(envelope.seq - 1);
      if (this.#underway >= UNDERWAY_MAX) await this.#allAnswered();
      if (!this.#inStep) return;
      this.#publish(envelope, this.#predecessors(envelope));
      this.#published = envelope.seq;
    }
  }

  /** Goes on after events that are not in the log any more. */
  #passTo(seq: number): void {
    if (seq <= this.#published) return;
    this.#published = seq;
    this.#wantUpTo(seq);
  }

  #wantUpTo(seq: number): void {
    const { source } = this.#options;
    const readers = this.#readersElsewhere();
    this.#wanted = new Map(readers.map(([name]) => [name, source.lastFor(name, seq)]));
  }

  #predecessors({ event, seq }: Envelope): Predecessors {
    const predecessors = new Map<string, number>();
    for (const [name, { events }] of this.#readersElsewhere()) {
      if (!events.includes(event)) continue;
      predecessors.set(name, this.#wanted.get(name) ?? 0);
      this.#wanted.set(name, seq);
    }
    return predecessors;
  }

  /** Sends once more what readers miss. */
  async #fillGaps(): Promise<void> {
    for (const [reader, gap] of [...this.#gaps]) {
      this.#gaps.delete(reader);
      let sent = 0;
      let again = 0;
      do {
        again = await this.#fill(gap);
        sent += again;
      } while (this.#inStep && again > 0 && sent < gap.sentMin && sent + again <= RESENT_MAX);
    }
  }

  /**
   * Sends once more what a reader misses, once; returns how many events that were. Between batches
   * others have their turn.
   */
  async #fill({ reader, before }: Missing): Promise<number> {
    const { source, environment } = this.#options;
    if (source.misses(reader)) return 0;
    const { events, position } = source.readers().get(reader) ?? { events: [], position: 0 };
    let seq = position;
    for (let sent = 0; ; ) {
      const batch = source.after(seq, FILL_BATCH_MAX, events);
      for (const envelope of batch) {
        if (envelope.seq >= before || envelope.seq > this.#published || !this.#inStep) return sent;
        if (this.#underway >= UNDERWAY_MAX) await this.#allAnswered();
        this.#publish(envelope, this.#predecessorsBySeq(envelope));
        sent += 1;
        seq = envelope.seq;
      }
      if (batch.length < FILL_BATCH_MAX || sent >= RESENT_MAX) return sent;
      await new Promise<void>((resolve) => environment.defer(resolve));
    }
  }

  #predecessorsBySeq({ event, seq }: Envelope): Predecessors {
    const wanting = this.#readersElsewhere().filter(([, { events }]) => events.includes(event));
    return new Map(wanting.map(([name]) => [name, this.#options.source.lastFor(name, seq - 1)]));
  }

  #publish(envelope: Envelope, predecessors: Predecessors): void {
    const { source, environment, connection } = this.#options;
    const lastSequence = this.#streamSeq;
    this.#streamSeq += 1;
    this.#underway += 1;
    const headers = eventHeaders(envelope, { database: source.database, predecessors });
    environment.reach(this.#publishing);
    const sent = connection.append(eventSubject(source.module, envelope.event), envelope.payload, {
      headers,
      lastSequence,
      timeoutMs: ACK_TIMEOUT_MS,
    });
    sent.then(
      () => {
        this.#failures = 0;
        this.#refusals = 0;
        environment.reach(this.#taken);
        this.#answered();
      },
      (error: unknown) => {
        // Those behind it are refused as well: their sequence does not come either.
        this.#later(error);
        this.#countRefusal(lastSequence, error);
        this.#answered();
      },
    );
  }

  /**
   * Notices a stream that does not stand where it says, or that takes nothing any more, as with
   * nats-server 2.15 once a write has met a full disk.
   */
  #countRefusal(lastSequence: number, error: unknown): void {
    if (lastSequence !== this.#inStepAt) return;
    this.#refusals += 1;
    if (this.#refusals < REFUSALS_MAX) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#rebuild(`it takes no message after ${lastSequence}, its last one (${why})`);
  }

  #answered(): void {
    this.#underway -= 1;
    if (this.#underway > 0) return;
    this.#settled?.();
    this.#settled = undefined;
  }

  async #allAnswered(): Promise<void> {
    while (this.#underway > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
      });
    }
  }
}
