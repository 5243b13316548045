import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { isComplete, transition } from "../domain/shipment.ts";
import { orderedLines } from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

export const deliverShipment = handler(
  shipping.deliverShipment,
  ({ shipmentId }, { transaction, fail }) =>
    transaction((tx) => {
      const shipment = shipments.shipmentById(tx, shipmentId);
      if (shipment === undefined) throw fail("SHIPMENT_NOT_FOUND", { shipmentId });
      const { state: from, orderId } = shipment;
      const decision = transition(from, "delivered");
      if (decision === "illegal") throw fail("ILLEGAL_TRANSITION", { from, to: "delivered" });
      if (decision === "move") {
        shipments.setState(tx, shipmentId, "delivered");
        const all = shipments.linesOfOrder(tx, orderId);
        const delivered = all.filter(({ state }) => state === "delivered");
        const complete = isComplete(orderedLines(tx, orderId), delivered);
        tx.emit(shipping.shipmentDelivered, { orderId, shipmentId, complete });
      }
      return shipments.withLines(tx, { ...shipment, state: "delivered" });
    }),
);
