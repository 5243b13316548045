import type { Transaction } from "#runtime";
import { orders } from "./contract.ts";
import { moveOrder } from "./store/orders.ts";

/** Completes a confirmed order; any other is left as it is. */
export function complete(tx: Transaction, orderId: string, by: string): void {
  const move = { from: "confirmed", to: "completed", by, atMs: tx.now } as const;
  if (moveOrder(tx, orderId, move) !== undefined) tx.emit(orders.orderCompleted, { orderId });
}
