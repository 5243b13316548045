import { handler, isStaff } from "#runtime";
import { orders } from "../contract.ts";
import { cancellationId } from "../domain/order.ts";
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
    const hasLeft = order.timeline.some(({ what }) => what === "shipped");
    if (status !== "confirmed" || hasLeft) throw fail("NOT_CANCELLABLE", { status });
    moveOrder(tx, orderId, { from: "confirmed", to: "cancelling", by, atMs: tx.now });
    const cancelling = openedOrder(tx, input, context);
    tx.start(cancellation, cancellationId(cancelling), { orderId, reason, by });
    return orderView(cancelling);
  });
});
