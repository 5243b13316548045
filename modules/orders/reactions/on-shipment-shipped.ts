import { shipping } from "#modules/shipping";
import { reaction } from "#runtime";
import { orders } from "../contract.ts";
import { note, orderById } from "../store/orders.ts";
import { wakeCancellation } from "../waking.ts";

/** Tells the customer's mail what shipping does not know: who ordered, and what it is called. */
export const onShipmentShipped = reaction(
  shipping.shipmentShipped,
  (tx, { orderId, lines, ...parcel }) => {
    const order = orderById(tx, orderId);
    if (order === undefined) return;
    note(tx, orderId, { what: "shipped", by: "shipping", atMs: tx.now });
    wakeCancellation(tx, orderId);
    const { number, email, snapshot } = order;
    const titles = new Map(snapshot.lines.map(({ variantId, title }) => [variantId, title]));
    tx.emit(orders.orderShipped, {
      ...parcel,
      orderId,
      number,
      email,
      lines: lines.map(({ variantId, quantity }) => ({
        title: titles.get(variantId) ?? variantId,
        quantity,
      })),
    });
  },
);
