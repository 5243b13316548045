import { handler } from "#runtime";
import { orders } from "../contract.ts";
import { cancellationId } from "../domain/order.ts";
import { orderView } from "../domain/order-view.ts";
import { openedOrder } from "../order-access.ts";
import { cancelOrder } from "../sagas/cancel-order.ts";

export const orderById = handler(orders.orderById, async ({ waitMs = 0, ...access }, context) => {
  const { read, settled } = context;
  const order = openedOrder(read, access, context);
  if (order.status !== "cancelling" || waitMs === 0) return orderView(order);
  await settled(cancelOrder, cancellationId(order), waitMs);
  return orderView(openedOrder(read, access, context));
});
