import { ACK_PENDING_MAX, ACK_WAIT_MS } from "../../transport/nats/limits.ts";
import type { World } from "../world.ts";
import type { Kept, Log, Puller } from "./stream-log.ts";

/** How long the last changes of the state can be undone, in milliseconds. */
const UNDO_MS = 1_000;

/** A change of the state, for when the broker forgets it. */
interface Change {
  readonly atMs: number;
  readonly sequence: number;
  /** When what was acknowledged would have come again; undefined for what was handed out. */
  readonly dueAtMs: number | undefined;
}

/**
 * A durable consumer that is pulled from, with explicit acks.
 *
 * It hands out in the order of the stream, what was not acknowledged in time before what is new,
 * and in turn among those who pull.
 */
export class Consumer {
  readonly name: string;
  readonly #world: World;
  readonly #log: Log;
  readonly #filter: string | undefined;
  #next = 1;
  /** When each that was handed out comes again without an ack; the earliest first. */
  #pending = new Map<number, number>();
  /** Those that are to come again, in order. */
  #again: number[] = [];
  #changes: Change[] = [];
  readonly #credits = new Map<Puller, number>();
  #isWatching = false;
  #isGone = false;

  constructor(
    world: World,
    about: { readonly log: Log; readonly name: string; readonly filter: string | undefined },
  ) {
    this.#world = world;
    this.#log = about.log;
    this.name = about.name;
    this.#filter = about.filter;
  }

  /** Takes a request for more messages: so many more, or so many from now on. */
  pull(puller: Puller, { more, anew = false }: { readonly more: number; readonly anew?: boolean }) {
    const credit = anew ? 0 : (this.#credits.get(puller) ?? 0);
    this.#credits.set(puller, credit + more);
    this.handOut();
  }

  ack(sequence: number): void {
    const dueAtMs = this.#pending.get(sequence);
    if (dueAtMs !== undefined) {
      this.#pending.delete(sequence);
      this.#note({ atMs: this.#world.nowMs, sequence, dueAtMs });
    } else {
      this.#again = this.#again.filter((one) => one !== sequence);
    }
    this.handOut();
  }

  /** Hands out what there is, as far as somebody asked for it. */
  handOut(): void {
    for (;;) {
      const puller = this.#firstPuller();
      if (puller === undefined) break;
      const kept = this.#takeNext();
      if (kept === undefined) break;
      const credit = this.#credits.get(puller) ?? 0;
      // The others come first next time.
      this.#credits.delete(puller);
      if (credit > 1) this.#credits.set(puller, credit - 1);
      this.#pending.set(kept.sequence, this.#world.nowMs + ACK_WAIT_MS);
      puller.hand(kept);
    }
    this.#watch();
  }

  /** Forgets who asked, as a broker does that restarts. */
  forgetPullers(): void {
    this.#credits.clear();
  }

  /** Forgets what it had done in the last while: what was handed out then is new again. */
  forgetSince(atMs: number): void {
    for (const change of this.#changes.toReversed()) {
      if (change.atMs < atMs) break;
      const { sequence, dueAtMs } = change;
      if (dueAtMs !== undefined) {
        this.#pending.set(sequence, dueAtMs);
        continue;
      }
      this.#next = Math.min(this.#next, sequence);
      this.#pending.delete(sequence);
      this.#again = this.#again.filter((one) => one !== sequence);
    }
    this.#changes = [];
    this.#pending = new Map([...this.#pending].sort(([, one], [, other]) => one - other));
    this.#watch();
  }

  /** The sequence of the last message that it has passed. */
  get delivered(): number {
    return this.#next - 1;
  }

  /** Is as if it had delivered everything up to a sequence, and all of it were acknowledged. */
  moveTo(sequence: number): void {
    this.#next = sequence + 1;
    this.#pending.clear();
    this.#again = [];
    this.#changes = [];
  }

  /** Goes back to the end of its stream when that is shorter than it was. */
  goBackToEnd(): void {
    const { lastSeq } = this.#log;
    this.#next = Math.min(this.#next, lastSeq + 1);
    this.#again = this.#again.filter((sequence) => sequence <= lastSeq);
    for (const sequence of this.#pending.keys()) {
      if (sequence > lastSeq) this.#pending.delete(sequence);
    }
    this.#changes = [];
  }

  /** The same as it is now, over a copy of its stream, with nobody who pulls from it. */
  copiedTo(log: Log): Consumer {
    const copy = new Consumer(this.#world, { log, name: this.name, filter: this.#filter });
    copy.#next = this.#next;
    copy.#pending = new Map(this.#pending);
    copy.#again = [...this.#again];
    return copy;
  }

  /** Has come again in time what was handed out before it was there: it is in use from now on. */
  begin(): void {
    this.#watch();
  }

  /** Ends it for good; whoever reads it hears of it. */
  end(): void {
    this.#isGone = true;
    for (const puller of this.#credits.keys()) puller.end();
    this.#credits.clear();
  }

  #firstPuller(): Puller | undefined {
    for (const puller of this.#credits.keys()) {
      if (puller.isThere) return puller;
      this.#credits.delete(puller);
    }
    return undefined;
  }

  #takeNext(): Kept | undefined {
    for (;;) {
      const sequence = this.#again.shift();
      if (sequence === undefined) break;
      const kept = this.#log.at(sequence);
      if (kept !== undefined && !this.#log.isDeaf) return kept;
    }
    if (this.#pending.size >= ACK_PENDING_MAX) return undefined;
    for (;;) {
      // What is gone from the front of the stream, or cannot be read, is passed over.
      this.#next = Math.max(this.#next, this.#log.firstSeq);
      if (this.#next > this.#log.lastSeq) return undefined;
      const kept = this.#log.at(this.#next);
      this.#next += 1;
      if (kept === undefined || this.#log.isDeaf) continue;
      if (this.#filter !== undefined && this.#filter !== kept.message.subject) continue;
      this.#note({ atMs: this.#world.nowMs, sequence: kept.sequence, dueAtMs: undefined });
      return kept;
    }
  }

  #note(change: Change): void {
    const oldest = this.#changes[0];
    if (oldest !== undefined && oldest.atMs < change.atMs - 2 * UNDO_MS) {
      this.#changes = this.#changes.filter(({ atMs }) => atMs >= change.atMs - UNDO_MS);
    }
    this.#changes.push(change);
  }

  /** Has come again what is not acknowledged in time. */
  #watch(): void {
    if (this.#isWatching || this.#isGone) return;
    const [earliest] = this.#pending.values();
    if (earliest === undefined) return;
    this.#isWatching = true;
    const delayMs = earliest - this.#world.nowMs;
    this.#world.after(delayMs, () => this.#expire(), { what: "ack wait" });
  }

  #expire(): void {
    this.#isWatching = false;
    if (this.#isGone) return;
    const before = this.#again.length;
    for (const [sequence, dueAtMs] of this.#pending) {
      if (dueAtMs > this.#world.nowMs + 1e-6) break;
      this.#pending.delete(sequence);
      this.#again.push(sequence);
    }
    if (this.#again.length > before) this.#again.sort((one, other) => one - other);
    this.handOut();
  }
}
