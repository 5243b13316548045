import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { isOnItsWay } from "../domain/shipment.ts";
import * as consignments from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

export const cancelFulfilment = handler(
  shipping.cancelFulfilment,
  ({ orderId, reason }, { transaction, fail }) =>
    transaction((tx) => {
      const all = shipments.shipmentsOf(tx, orderId);
      if (all.some(({ state }) => isOnItsWay(state))) throw fail("ALREADY_SHIPPED", { orderId });
      if (!consignments.cancelConsignment(tx, { orderId, reason, atMs: tx.now })) {
        return { orderId };
      }
      for (const { shipmentId, state } of all) {
        if (state === "cancelled") continue;
        shipments.setState(tx, shipmentId, "cancelled");
        tx.emit(shipping.shipmentCancelled, { orderId, shipmentId });
      }
      return { orderId };
    }),
);
