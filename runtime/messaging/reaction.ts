import { checked } from "../contract/check.ts";
import { type EventType, fullName, type PayloadOf } from "../contract/contract.ts";
import type { Transaction } from "./transaction.ts";

/** What a module does about one event of another. */
export interface Reaction<E extends EventType = EventType> {
  readonly event: E;
  readonly work: (tx: Transaction, payload: never) => void;
}

/**
 * Declares a reaction: a synchronous function of a transaction.
 *
 * Its effect happens once for each event, in the producer's order, because the position in the
 * producer's log moves in the same transaction. A reaction that throws is tried again; after the
 * last attempt the event goes to the module's dead letters and the position moves on.
 */
export function reaction<E extends EventType>(
  event: E,
  work: (tx: Transaction, payload: PayloadOf<E>) => void,
): Reaction<E> {
  return Object.freeze({ event, work });
}

/** Has a reaction work on a payload as it was kept, which must fit the contract. */
export function react(tx: Transaction, { event, work }: Reaction, payload: string): void {
  const { copy } = checked(event.payload, `The payload of ${fullName(event)}`);
  work(tx, copy(JSON.parse(payload)) as never);
}
