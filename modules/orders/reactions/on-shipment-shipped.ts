import { shipping } from "#modules/shipping";
import { reaction } from "#runtime";
import { orders } from "../contract.ts";
import { note, standingOf } from "../store/orders.ts";

/** Tells the customer's mail what shipping does not know: who ordered. */
export const onShipmentShipped = reaction(shipping.shipmentShipped, (tx, payload) => {
  const { orderId, carrier, trackingNumber } = payload;
  const order = standingOf(tx, orderId);
  if (order === undefined) return;
  note(tx, orderId, { what: "shipped", by: "shipping", atMs: tx.now });
  const { number, email } = order;
  tx.emit(orders.orderShipped, { orderId, number, email, carrier, trackingNumber });
});
