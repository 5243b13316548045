import type { Transaction } from "#runtime";
import { cancellationId } from "./domain/order.ts";
import { bookReversal } from "./sagas/book-reversal.ts";
import { cancelOrder } from "./sagas/cancel-order.ts";
import { refundOrder } from "./sagas/refund-order.ts";
import { stopOrder } from "./sagas/stop-order.ts";
import { orderById } from "./store/orders.ts";

/** Has whatever cancels an order, or the rest of it, and waits for a parcel, look again. */
export function wakeCancellation(tx: Transaction, orderId: string): void {
  const order = orderById(tx, orderId);
  if (order?.status !== "cancelling") return;
  // Only one of them has begun.
  for (const saga of [cancelOrder, stopOrder]) tx.wake(saga, cancellationId(order));
}

/** Has whatever waits for a refund look again. */
export function wakeRefunds(
  tx: Transaction,
  { orderId, refundId }: { orderId: string; refundId: string },
): void {
  tx.wake(refundOrder, refundId);
  tx.wake(bookReversal, orderId);
}
