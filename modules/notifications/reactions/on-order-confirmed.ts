import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderConfirmed } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";

export const onOrderConfirmed = reaction(orders.orderConfirmed, (tx, { email, ...order }) =>
  queueMail(tx, {
    template: "order-confirmed",
    about: order.orderId,
    recipient: email,
    rendered: orderConfirmed(order),
  }),
);
