import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderCancelled } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";
import { linkPathOf } from "../store.ts";

export const onOrderCancelled = reaction(
  orders.orderCancelled,
  (tx, { orderId, number, email, reason }) => {
    const linkPath = linkPathOf(tx, "order-confirmed", orderId);
    queueMail(tx, {
      template: "order-cancelled",
      about: orderId,
      recipient: email,
      rendered: orderCancelled({ number, reason, linkPath }),
    });
  },
);
