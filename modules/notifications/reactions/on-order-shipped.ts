import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderShipped } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";

export const onOrderShipped = reaction(
  orders.orderShipped,
  (tx, { orderId, shipmentId, email, ...shipped }) => {
    queueMail(tx, {
      template: "order-shipped",
      about: shipmentId ?? orderId,
      recipient: email,
      rendered: orderShipped({ orderId, ...shipped }),
    });
  },
);
