import { inventory } from "#modules/inventory";
import type { Transaction } from "#runtime";
import { crossing, type Line } from "./domain.ts";
import * as levels from "./store/levels.ts";
import * as reservations from "./store/reservations.ts";

/** A line that could not be had. */
export interface Shortage {
  readonly variantId: string;
  readonly wanted: number;
  readonly available: number;
}

/**
 * Promises free units of each variant, which must occur once in `demand`, and says which ran out.
 *
 * Returns every shortage. When there is one, the caller must throw, so that nothing stays taken.
 */
export function take(
  tx: Transaction,
  demand: readonly Line[],
  as: "held" | "committed",
): Shortage[] {
  const shortages: Shortage[] = [];
  for (const line of demand) {
    const left = levels.take(tx, line, as);
    if (left !== undefined) announce(tx, line.variantId, { change: -line.quantity, after: left });
    else {
      const { variantId, quantity: wanted } = line;
      shortages.push({ variantId, wanted, available: levels.availableOf(tx, variantId) });
    }
  }
  return shortages;
}

/** Frees all that an order has promised, and says which variants came back. */
export function giveBack(tx: Transaction, orderId: string, from: "held" | "committed"): void {
  for (const { variantId, open } of reservations.linesOf(tx, orderId)) {
    const after = levels.putBack(tx, { variantId, quantity: open }, from);
    announce(tx, variantId, { change: open, after });
  }
  reservations.setLines(tx, orderId, "closed");
}

/**
 * Publishes that a variant ran out or came back, when a change of its available units made it so.
 */
export function announce(
  tx: Transaction,
  variantId: string,
  { change, after }: { readonly change: number; readonly after: number },
): void {
  const crossed = crossing(change, after);
  if (crossed === "ran out") tx.emit(inventory.stockRanOut, { variantId });
  if (crossed === "came back") {
    tx.emit(inventory.stockCameBack, { variantId, available: after });
  }
}

/** Puts units on the shelf under a ledger entry that is known to be new. */
export function putOnShelf(tx: Transaction, { variantId, quantity }: Line): void {
  levels.addLevel(tx, variantId, 0);
  const level = levels.changeOnHand(tx, { variantId, delta: quantity });
  if (level === undefined) throw new Error(`${variantId} could not take ${quantity} more units.`);
  announce(tx, variantId, { change: quantity, after: level.available });
}
