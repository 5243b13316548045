import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { linesToShip } from "../domain/shipment.ts";
import * as consignments from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

/** Shipments of one order, at most. */
const shipmentsMax = 100;

export const createShipment = handler(
  shipping.createShipment,
  ({ orderId, ref, lines: wanted }, { transaction, fail }) =>
    transaction((tx) => {
      const known = shipments.shipmentOfRef(tx, orderId, ref);
      if (known !== undefined) return shipments.withLines(tx, known);
      if (consignments.stateOf(tx, orderId) !== "open") {
        throw fail("FULFILMENT_NOT_FOUND", { orderId });
      }
      if (shipments.shipmentsOf(tx, orderId).length >= shipmentsMax) {
        throw fail("SHIPMENTS_FULL", { orderId, shipmentsMax });
      }
      const ordered = consignments.orderedLines(tx, orderId);
      const all = shipments.linesOfOrder(tx, orderId);
      const live = all.filter(({ state }) => state !== "cancelled");
      const lines = linesToShip({ ordered, live, wanted });
      if (lines === undefined) throw fail("NOTHING_LEFT_TO_SHIP", { orderId });

      const shipmentId = tx.newId("shp");
      const shipment = shipments.addShipment(tx, { shipmentId, orderId, ref }, lines);
      tx.emit(shipping.shipmentCreated, { orderId, shipmentId });
      return shipments.withLines(tx, shipment);
    }),
);
