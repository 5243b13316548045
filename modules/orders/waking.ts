import type { Transaction } from "#runtime";
import { cancellationId } from "./domain/order.ts";
import { cancelOrder } from "./sagas/cancel-order.ts";
import { orderById } from "./store/orders.ts";

/** Has the cancellation of an order that waits for a parcel look again. */
export function wakeCancellation(tx: Transaction, orderId: string): void {
  const order = orderById(tx, orderId);
  if (order?.status !== "cancelling") return;
  tx.wake(cancelOrder, cancellationId(order));
}
