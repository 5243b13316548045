import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderCancelled } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";

export const onOrderCancelled = reaction(
  orders.orderCancelled,
  (tx, { orderId, number, email, reason }) => {
    queueMail(tx, {
      template: "order-cancelled",
      about: orderId,
      recipient: email,
      rendered: orderCancelled({ orderId, number, reason }),
    });
  },
);
