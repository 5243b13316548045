import type { Transaction } from "#runtime";
import { complete } from "./completing.ts";
import { orders } from "./contract.ts";
import { releaseCoupon } from "./store/coupons.ts";
import { moveOrder } from "./store/orders.ts";

/** Ends a cancellation: the order is cancelled, and its customer is told. */
export function endCancelled(
  tx: Transaction,
  { orderId, reason, by }: { orderId: string; reason: string; by: string },
): void {
  const move = { from: "cancelling", to: "cancelled", by, atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, move);
  if (order === undefined) throw new Error(`The order ${orderId} is not being cancelled any more.`);
  releaseCoupon(tx, orderId);
  const { number, email } = order;
  // It ends in a mail, and whoever ordered with somebody else's address must not write to them.
  const told = by === "customer" ? "" : reason;
  tx.emit(orders.orderCancelled, { orderId, number, email, reason: told });
}

/** Ends a cancellation that came too late. An order that was delivered meanwhile is complete. */
export function endConfirmed(tx: Transaction, orderId: string): void {
  const back = { from: "cancelling", to: "confirmed", by: "shipping", atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, back);
  if (order?.delivered === 1) complete(tx, orderId, "shipping");
}
