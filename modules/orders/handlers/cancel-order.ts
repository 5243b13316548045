import { handler, isStaff } from "#runtime";
import { orders } from "../contract.ts";
import { orderView } from "../domain/order-view.ts";
import { openedOrder } from "../order-access.ts";
import { cancelOrder as cancellation } from "../sagas/cancel-order.ts";
import { moveOrder } from "../store/orders.ts";

export const cancelOrder = handler(orders.cancelOrder, (input, context) => {
  const { fail, identity, transaction } = context;
  const by = isStaff(identity) ? "staff" : "customer";
  const reason = input.reason ?? `cancelled by ${by}`;
  return transaction((tx) => {
    const order = openedOrder(tx, input, context);
    const { orderId, status } = order;
    if (status === "cancelling" || status === "cancelled") return orderView(order);
    if (status !== "confirmed") throw fail("NOT_CANCELLABLE", { status });
    moveOrder(tx, orderId, { from: "confirmed", to: "cancelling", by, atMs: tx.now });
    // An id of its own: a cancellation that lost against the parcel may be asked for again.
    tx.start(cancellation, tx.newId("cnl"), { orderId, reason, by });
    return orderView(openedOrder(tx, input, context));
  });
});
