import { handler } from "#runtime";
import { orders } from "../contract.ts";
import { orderView } from "../domain/order-view.ts";
import { openedOrder } from "../order-access.ts";

export const orderById = handler(orders.orderById, (access, context) =>
  orderView(openedOrder(context.read, access, context)),
);
