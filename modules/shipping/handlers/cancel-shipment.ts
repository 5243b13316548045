import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { transition } from "../domain/shipment.ts";
import * as shipments from "../store/shipments.ts";

export const cancelShipment = handler(
  shipping.cancelShipment,
  ({ shipmentId }, { transaction, fail }) =>
    transaction((tx) => {
      const shipment = shipments.shipmentById(tx, shipmentId);
      if (shipment === undefined) throw fail("SHIPMENT_NOT_FOUND", { shipmentId });
      const { state: from, orderId } = shipment;
      const decision = transition(from, "cancelled");
      if (decision === "illegal") throw fail("ILLEGAL_TRANSITION", { from, to: "cancelled" });
      if (decision === "move") {
        shipments.setState(tx, shipmentId, "cancelled");
        tx.emit(shipping.shipmentCancelled, { orderId, shipmentId });
      }
      return shipments.withLines(tx, { ...shipment, state: "cancelled" });
    }),
);
