import type { Transaction } from "#runtime";
import { cancellationId } from "./domain/order.ts";
import { stopOrder } from "./sagas/stop-order.ts";
import { moveOrder, orderById } from "./store/orders.ts";

/**
 * Stops the fulfilment of a confirmed order whose money was all given back. One that is being
 * cancelled is left to that, and stopped after it, should a parcel have left.
 */
export function stopIfRefunded(tx: Transaction, orderId: string): void {
  const order = orderById(tx, orderId);
  if (order?.status !== "confirmed" || order.refunded < order.total || order.total === 0) return;
  const move = { from: "confirmed", to: "cancelling", by: "shop", atMs: tx.now } as const;
  if (moveOrder(tx, orderId, move) === undefined) return;
  const { timeline } = orderById(tx, orderId) ?? order;
  tx.start(stopOrder, cancellationId({ orderId, timeline }), { orderId, reason: "refunded" });
}
