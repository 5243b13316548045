import { orders } from "#modules/orders";
import { reaction } from "#runtime";
import { orderRefunded } from "../domain.ts";
import { queueMail } from "../queue-mail.ts";
import { countNumbered } from "../store.ts";

/**
 * An order can be refunded in parts, and each part has its mail: they are numbered in their order.
 */
export const onOrderRefunded = reaction(
  orders.orderRefunded,
  (tx, { orderId, number, email, amount }) => {
    const part = countNumbered(tx, "order-refunded", orderId) + 1;
    queueMail(tx, {
      template: "order-refunded",
      about: `${orderId}#${part}`,
      recipient: email,
      rendered: orderRefunded({ orderId, number, amount }),
    });
  },
);
