import type { EventType } from "../contract/contract.ts";
import type { Environment } from "../contract/environment.ts";
import { isContractError, isTransportError } from "../contract/errors.ts";
import { kernelStatements, type Read, type Write } from "../store/connection.ts";
import { withoutAsyncContext } from "../telemetry/async-context.ts";
import type { Log } from "../telemetry/log.ts";
import type { Stop } from "../transport/report.ts";
import { DeliveryPostponed, type Envelope } from "../transport/transport.ts";
import {
  bury,
  type DeadLetter,
  hasKeyedLetters,
  hastenLetters,
  isKeyBlocked,
} from "./dead-letters.ts";
import { messageKeyOf, type Reaction, react } from "./reaction.ts";
import { firstRetryAtMs } from "./retry-times.ts";
import type { Transaction } from "./transaction.ts";

/** Pauses between the attempts at an event before it is set aside, in milliseconds. */
const PAUSES_MS = [20, 100, 500, 2_000];
/** Events set aside one after the other, at most; at the next one that fails the consumer stops. */
const SET_ASIDE_MAX = 3;
/** Pauses between the attempts of a consumer that has stopped, in milliseconds. */
const PROBE_FIRST_MS = 1_000;
const PROBE_MAX_MS = 30_000;

const statements = kernelStatements((sqlite) => ({
  position: sqlite.prepare<[string], Place>(
    "SELECT position, set_aside AS setAside FROM cleave_inbox WHERE producer = ?",
  ),
  move: sqlite.prepare<[string, number, number]>(
    `INSERT INTO cleave_inbox (producer, position, set_aside) VALUES (?, ?, ?)
     ON CONFLICT (producer) DO UPDATE SET
       position = excluded.position, set_aside = excluded.set_aside`,
  ),
}));

/** How far a module has taken in the events of a producer. */
interface Place {
  readonly position: number;
  /** Events that were set aside since one last went through. */
  readonly setAside: number;
}

function placeOf(on: Read, producer: string): Place {
  return statements(on).position.get(producer) ?? { position: 0, setAside: 0 };
}

/** A transaction whose events and sagas go on with the trace that is set. */
export interface TracedTransaction extends Transaction {
  traceId: string;
}

/** What the inbox needs of the module it works for. */
export interface InboxHost {
  readonly log: Log;
  readonly environment: Environment;
  readonly read: Read;
  /** Runs a unit of the module's writer. */
  transact<T>(work: (tx: TracedTransaction) => T): Promise<T>;
  /** Hears which event is reacted to from now on. */
  reacting?(event: EventType): void;
  /** Tells that dead letters were committed that are due. */
  lettersDue(): void;
}

/**
 * Takes in the events of one producer: the reactions' effects and the new position are one
 * transaction, so an effect happens once however often its event is delivered.
 *
 * An event whose reaction keeps failing is set aside as a dead letter, to be tried again later.
 * When one after another fails, it is not the events: the inbox stops and keeps its position, until
 * an attempt at the same event succeeds.
 */
export class Inbox {
  readonly producer: string;
  readonly #host: InboxHost;
  readonly #reactions: Map<string, Reaction>;
  #position: number;
  #setAside: number;
  #stop: Stop | undefined;
  /** The seq of an event that a person has said to set aside. */
  #passing = 0;

  constructor(host: InboxHost, producer: string, reactions: readonly Reaction[]) {
    this.#host = host;
    this.producer = producer;
    this.#reactions = new Map(reactions.map((one) => [one.event.name, one]));
    const { position, setAside } = placeOf(host.read, producer);
    this.#position = position;
    this.#setAside = setAside;
  }

  /** The seq of the last event that was taken in or set aside. */
  get position(): number {
    return this.#position;
  }

  /** Where and why it has stopped; undefined while it goes on. */
  get stop(): Stop | undefined {
    return this.#stop;
  }

  /** Has the event that it has stopped at set aside at the next attempt, if it fails again. */
  pass(seq: number): boolean {
    if (this.#stop === undefined || this.#stop.isStorage || this.#stop.seq !== seq) return false;
    this.#passing = seq;
    return true;
  }

  /** Moves the position, in the open transaction: what comes before it is passed over. */
  skip(tx: Write, upTo: number): boolean {
    const { position, setAside } = placeOf(tx, this.producer);
    if (upTo <= position) return false;
    statements(tx).move.run(this.producer, upTo, setAside);
    return true;
  }

  /** Takes in that a skip is committed. */
  skipped(upTo: number): void {
    this.#position = Math.max(this.#position, upTo);
    if (this.#stop !== undefined && this.#stop.seq <= upTo) this.#stop = undefined;
  }

  /**
   * Takes in events in their order and resolves when all are durable. They go into one unit; when
   * that fails they are taken one by one, so that a bad event delays but does not stop the
   * others.
   *
   * Rejects when they are to be delivered again: with a DeliveryPostponed when reactions fail to
   * one event after another, else with what kept them from being written.
   */
  deliver(envelopes: readonly Envelope[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    withoutAsyncContext(() => this.#deliver(envelopes).then(resolve, reject));
    return promise;
  }

  async #deliver(envelopes: readonly Envelope[]): Promise<void> {
    const fresh = envelopes.filter(
      (one) => one.seq > this.#position && this.#reactions.has(one.event),
    );
    if (fresh.length === 0) return;
    const isOneByOne = fresh.length === 1 || this.#stop !== undefined;
    if (!isOneByOne && (await this.#takeIn(fresh)) === undefined) return;
    for (const envelope of fresh) {
      if (envelope.seq > this.#position) await this.#insist(envelope);
    }
  }

  /** One try. Resolves with the error, if any. */
  async #takeIn(envelopes: readonly Envelope[]): Promise<unknown> {
    // Batches have at least one event.
    const seq = (envelopes[envelopes.length - 1] as Envelope).seq;
    let setAside = 0;
    try {
      await this.#host.transact((tx) => {
        const { position, setAside: before } = placeOf(tx, this.producer);
        const isBlocked = hasKeyedLetters(tx, this.producer);
        let reacted = 0;
        for (const envelope of envelopes) {
          if (envelope.seq <= position) continue;
          if (isBlocked && this.#waits(tx, envelope)) continue;
          this.#react(tx, envelope);
          reacted += 1;
        }
        setAside = reacted > 0 ? 0 : before;
        // What has mended this one has mended those that were set aside before it, most likely.
        if (reacted > 0 && before >= SET_ASIDE_MAX) hastenLetters(tx, this.producer, tx.now);
        if (seq > position) statements(tx).move.run(this.producer, seq, setAside);
      });
    } catch (error) {
      return error ?? new Error("A reaction threw nothing.");
    }
    this.#movedTo(seq, setAside);
    return undefined;
  }

  #react(tx: TracedTransaction, envelope: Envelope): void {
    const reaction = this.#reactions.get(envelope.event);
    if (reaction === undefined) return;
    tx.traceId = envelope.traceId;
    this.#host.reacting?.(reaction.event);
    react(tx, reaction, envelope.payload);
  }

  /** Sets an event aside that is about the same as one before it; false when there is none. */
  #waits(tx: Write & { readonly now: number }, envelope: Envelope): boolean {
    const { messageKey, ...letter } = this.#letterOf(envelope);
    if (messageKey === null || !isKeyBlocked(tx, this.producer, messageKey)) return false;
    const error = "It waits for an earlier event with the same key.";
    const untried = { error, attempts: 0, nextAttemptAtMs: null };
    bury(tx, { ...letter, messageKey, ...untried }, tx.now);
    return true;
  }

  /** Tries until it works; then sets the event aside, or stops before it. */
  async #insist(envelope: Envelope): Promise<void> {
    const { environment, log } = this.#host;
    let error = await this.#takeIn([envelope]);
    let attempts = 1;
    for (const pauseMs of this.#pausesAfter(error)) {
      await new Promise<void>((resolve) => environment.after(pauseMs, resolve));
      error = await this.#takeIn([envelope]);
      attempts += 1;
      if (error === undefined) return;
    }
    if (error === undefined) return;
    const { module, seq } = envelope;
    if (isTransportError(error)) {
      // The writer's doing, not the event's: nothing can be written, a dead letter neither.
      log.error("events not taken in, will be delivered again", { producer: module, seq, error });
      this.#standAt(envelope, { error, attempts });
      throw error;
    }
    if (this.#setAside >= SET_ASIDE_MAX && this.#passing !== seq) {
      throw this.#stopAt(envelope, { error, attempts });
    }
    await this.#putAside(envelope, { error, attempts });
  }

  /**
   * What does not fit a contract will not fit a moment later, and one that has stopped has waited
   * enough.
   */
  #pausesAfter(error: unknown): readonly number[] {
    if (error === undefined || isContractError(error)) return [];
    return this.#setAside >= SET_ASIDE_MAX && !isTransportError(error) ? [] : PAUSES_MS;
  }

  async #putAside(envelope: Envelope, failed: Failed): Promise<void> {
    const { module, event, seq, traceId } = envelope;
    const { error, attempts } = failed;
    const setAside = this.#setAside + 1;
    await this.#host.transact((tx) => {
      const nextAttemptAtMs = firstRetryAtMs(error, tx.now);
      const letter = { ...this.#letterOf(envelope), error: String(error) };
      bury(tx, { ...letter, attempts, nextAttemptAtMs }, tx.now);
      statements(tx).move.run(this.producer, seq, setAside);
    });
    const fields = { event: `${module}.${event}`, seq, traceId, error };
    this.#host.log.error("event set aside as a dead letter, will be tried again", fields);
    this.#movedTo(seq, setAside);
  }

  /** Keeps the position; returns what has the events delivered again after a pause. */
  #stopAt(envelope: Envelope, failed: Failed): DeliveryPostponed {
    const { log } = this.#host;
    const isNew = this.#stop === undefined || this.#stop.isStorage;
    const { attempts, event, seq } = this.#standAt(envelope, failed);
    const { error } = failed;
    if (isNew) {
      log.error(
        "the reactions to one event after another fail: the consumer stops and keeps its position",
        { event, seq, setAside: this.#setAside, error },
      );
    }
    const probes = Math.min(attempts - failed.attempts, 30);
    const afterMs = Math.min(PROBE_FIRST_MS * 2 ** probes, PROBE_MAX_MS);
    return new DeliveryPostponed(afterMs, { cause: error });
  }

  #standAt({ module, event, seq }: Envelope, { error, attempts }: Failed): Stop {
    const { environment } = this.#host;
    const known = this.#stop?.seq === seq ? this.#stop : undefined;
    this.#stop = {
      producer: module,
      event: `${module}.${event}`,
      seq,
      sinceMs: known?.sinceMs ?? environment.now(),
      attempts: (known?.attempts ?? 0) + attempts,
      error: String(error).slice(0, 300),
      isStorage: isTransportError(error),
    };
    return this.#stop;
  }

  #movedTo(seq: number, setAside: number): void {
    this.#position = seq;
    if (setAside !== this.#setAside) this.#host.lettersDue();
    this.#setAside = setAside;
    const stop = this.#stop;
    this.#stop = undefined;
    if (stop === undefined || stop.isStorage) return;
    const { producer, seq: at, attempts } = stop;
    this.#host.log.warn("a consumer that had stopped goes on", { producer, seq: at, attempts });
  }

  #letterOf({
    module,
    event,
    seq,
    payload,
    traceId,
  }: Envelope): Omit<DeadLetter, "error" | "attempts" | "nextAttemptAtMs"> {
    const reaction = this.#reactions.get(event);
    const messageKey = reaction === undefined ? null : messageKeyOf(reaction.event, payload);
    const name = `${module}.${event}`;
    return { kind: "event", source: module, name, key: String(seq), messageKey, payload, traceId };
  }
}

interface Failed {
  readonly error: unknown;
  readonly attempts: number;
}
