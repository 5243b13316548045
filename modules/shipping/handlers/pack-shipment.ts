import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { transition } from "../domain/shipment.ts";
import * as shipments from "../store/shipments.ts";

export const packShipment = handler(
  shipping.packShipment,
  ({ shipmentId }, { transaction, fail }) =>
    transaction((tx) => {
      const shipment = shipments.shipmentById(tx, shipmentId);
      if (shipment === undefined) throw fail("SHIPMENT_NOT_FOUND", { shipmentId });
      const { state: from, orderId } = shipment;
      const decision = transition(from, "packed");
      if (decision === "illegal") throw fail("ILLEGAL_TRANSITION", { from, to: "packed" });
      if (decision === "move") {
        shipments.setState(tx, shipmentId, "packed");
        tx.emit(shipping.shipmentPacked, { orderId, shipmentId });
      }
      return shipments.withLines(tx, { ...shipment, state: "packed" });
    }),
);
