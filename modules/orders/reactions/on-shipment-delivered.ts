import { shipping } from "#modules/shipping";
import { reaction } from "#runtime";
import { complete } from "../completing.ts";
import { markDelivered } from "../store/orders.ts";

/**
 * The last parcel completes the order; while a cancellation is deciding, that one will see the
 * mark.
 */
export const onShipmentDelivered = reaction(
  shipping.shipmentDelivered,
  (tx, { orderId, complete: isComplete }) => {
    if (!isComplete) return;
    if (markDelivered(tx, orderId, tx.now) === "confirmed") complete(tx, orderId, "shipping");
  },
);
