import type { Environment } from "../contract/environment.ts";
import { isTransportError } from "../contract/errors.ts";
import { kernelStatements, type Read } from "../store/connection.ts";
import type { Log } from "../telemetry/log.ts";
import type { Envelope } from "../transport/transport.ts";
import { bury } from "./dead-letters.ts";
import { type Reaction, react } from "./reaction.ts";
import type { Transaction } from "./transaction.ts";

/**
 * Pauses between the attempts of a reaction, in milliseconds; after the last one it is given up.
 */
const PAUSES_MS = [20, 100, 500, 2_000];

const statements = kernelStatements((sqlite) => ({
  position: sqlite.prepare<[string], { position: number }>(
    "SELECT position FROM cleave_inbox WHERE producer = ?",
  ),
  move: sqlite.prepare<[string, number]>(
    `INSERT INTO cleave_inbox VALUES (?, ?)
     ON CONFLICT (producer) DO UPDATE SET position = excluded.position`,
  ),
}));

/** How far a module has taken in the events of a producer. */
function inboxPosition(on: Read, producer: string): number {
  return statements(on).position.get(producer)?.position ?? 0;
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
}

/**
 * Takes in the events of one producer: the reactions' effects and the new position are one
 * transaction, so an effect happens once however often its event is delivered.
 */
export class Inbox {
  readonly #host: InboxHost;
  readonly #producer: string;
  readonly #reactions: Map<string, Reaction>;
  #position: number;

  constructor(host: InboxHost, producer: string, reactions: readonly Reaction[]) {
    this.#host = host;
    this.#producer = producer;
    this.#reactions = new Map(reactions.map((one) => [one.event.name, one]));
    this.#position = inboxPosition(host.read, producer);
  }

  /** The seq of the last event that was taken in. */
  get position(): number {
    return this.#position;
  }

  /**
   * Takes in events in their order and resolves when all are durable. They go into one unit; when
   * that fails they are taken one by one, so that a bad event delays but does not stop the
   * others.
   */
  async deliver(envelopes: readonly Envelope[]): Promise<void> {
    const fresh = envelopes.filter(
      (one) => one.seq > this.#position && this.#reactions.has(one.event),
    );
    if (fresh.length === 0) return;
    if (fresh.length > 1 && (await this.#takeIn(fresh)) === undefined) return;
    for (const envelope of fresh) await this.#insist(envelope);
  }

  /** One try. Resolves with the error, if any. */
  async #takeIn(envelopes: readonly Envelope[]): Promise<unknown> {
    const seq = (envelopes[envelopes.length - 1] as Envelope).seq;
    try {
      await this.#host.transact((tx) => {
        const position = inboxPosition(tx, this.#producer);
        for (const envelope of envelopes) if (envelope.seq > position) this.#react(tx, envelope);
        if (seq > position) statements(tx).move.run(this.#producer, seq);
      });
    } catch (error) {
      return error ?? new Error("A reaction threw nothing.");
    }
    this.#position = seq;
    return undefined;
  }

  #react(tx: TracedTransaction, envelope: Envelope): void {
    const reaction = this.#reactions.get(envelope.event);
    if (reaction === undefined) return;
    tx.traceId = envelope.traceId;
    react(tx, reaction, envelope.payload);
  }

  /**
   * Tries until it works, at most as often as there are pauses; then buries the event and moves
   * on.
   */
  async #insist(envelope: Envelope): Promise<void> {
    const { environment, log } = this.#host;
    let error = await this.#takeIn([envelope]);
    for (const pauseMs of PAUSES_MS) {
      if (error === undefined) return;
      await new Promise<void>((resolve) => environment.after(pauseMs, resolve));
      error = await this.#takeIn([envelope]);
    }
    if (error === undefined) return;
    const { module, event, seq, payload, traceId } = envelope;
    if (isTransportError(error)) {
      // The writer's doing, not the event's: nothing can be written, a dead letter neither.
      log.error("events not taken in, will be delivered again", { producer: module, seq, error });
      throw error;
    }
    log.error("event given up", { event: `${module}.${event}`, seq, traceId, error });
    await this.#host.transact((tx) => {
      const name = `${module}.${event}`;
      const letter = { kind: "event", source: module, name, key: String(seq) } as const;
      bury(tx, { ...letter, payload, error: String(error), traceId }, tx.now);
      statements(tx).move.run(this.#producer, seq);
    });
    this.#position = seq;
  }
}
