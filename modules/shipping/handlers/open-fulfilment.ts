import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { demandOf } from "../domain/shipment.ts";
import * as consignments from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

export const openFulfilment = handler(
  shipping.openFulfilment,
  ({ orderId, optionId, address, lines }, { transaction, fail }) =>
    transaction((tx) => {
      const consignment = { orderId, optionId, address: JSON.stringify(address), atMs: tx.now };
      if (!consignments.openConsignment(tx, consignment)) {
        const known = shipments.shipmentOfRef(tx, orderId, null);
        if (known === undefined || consignments.stateOf(tx, orderId) === "cancelled") {
          throw fail("FULFILMENT_CANCELLED", { orderId });
        }
        return { shipmentId: known.shipmentId };
      }
      const ordered = demandOf(lines);
      for (const line of ordered) consignments.addOrderedLine(tx, orderId, line);
      const shipmentId = tx.newId("shp");
      shipments.addShipment(tx, { shipmentId, orderId, ref: null }, ordered);
      tx.emit(shipping.shipmentCreated, { orderId, shipmentId });
      return { shipmentId };
    }),
);
