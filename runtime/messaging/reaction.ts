import { checked } from "../contract/check.ts";
import { type EventType, fullName, type PayloadOf } from "../contract/contract.ts";
import { synchronous, synchronousFunction } from "./synchronous.ts";
import type { Synchronous, Transaction } from "./transaction.ts";

/** What a module does about one event of another. */
export interface Reaction<E extends EventType = EventType> {
  readonly event: E;
  readonly work: (tx: Transaction, payload: never) => unknown;
}

/**
 * Declares a reaction: a synchronous function of a transaction. Throws a ContractError for one that
 * is `async`.
 *
 * Its effect happens once for each event, in the producer's order, because the position in the
 * producer's log moves in the same transaction.
 *
 * A reaction that throws is tried again for some seconds. If its event alone fails, the event
 * becomes a dead letter, which is tried again by itself for a day and then waits for a person;
 * those after it go on, but for those of the same key (see `event`). If one event after another
 * fails, the consumer stops where it is and goes on when the next attempt succeeds.
 */
export function reaction<E extends EventType, Result>(
  event: E,
  work: (tx: Transaction, payload: PayloadOf<E>) => Synchronous<Result>,
): Reaction<E> {
  return Object.freeze({ event, work: synchronousFunction(work, nameOf(event)) });
}

/** Has a reaction work on a payload as it was kept, which must fit the contract. */
export function react(tx: Transaction, { event, work }: Reaction, payload: string): void {
  const { copy } = checked(event.payload, `The payload of ${fullName(event)}`);
  // The copy has passed the check of the payload that `reaction` has typed the work by.
  synchronous(work(tx, copy(JSON.parse(payload)) as never), nameOf(event));
}

function nameOf(event: EventType): string {
  return `The reaction to ${fullName(event)}`;
}

/** The value of an event's key in a payload as it was kept; null when there is none. */
export function messageKeyOf({ key }: EventType, payload: string): string | null {
  if (key === undefined) return null;
  try {
    // A payload that does not fit its contract has a key all the same, most likely.
    const value: unknown = JSON.parse(payload)[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : null;
  } catch {
    return null;
  }
}
