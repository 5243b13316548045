import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderShipped } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";
import { linkPathOf } from "../store.ts";

export const onOrderShipped = reaction(
  orders.orderShipped,
  (tx, { orderId, shipmentId, email, ...shipped }) => {
    const linkPath = linkPathOf(tx, "order-confirmed", orderId);
    queueMail(tx, {
      template: "order-shipped",
      about: shipmentId ?? orderId,
      recipient: email,
      rendered: orderShipped({ ...shipped, linkPath }),
    });
  },
);
