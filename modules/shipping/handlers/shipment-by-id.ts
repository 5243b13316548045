import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { dispatchId } from "../domain/shipment.ts";
import { dispatch } from "../sagas/dispatch.ts";
import * as shipments from "../store/shipments.ts";

export const shipmentById = handler(
  shipping.shipmentById,
  async ({ shipmentId, waitMs = 0 }, { read, settled, fail }) => {
    const shipment = shipments.shipmentById(read, shipmentId);
    if (shipment === undefined) throw fail("SHIPMENT_NOT_FOUND", { shipmentId });
    if (shipment.state !== "ship_requested" || waitMs === 0) {
      return shipments.withLines(read, shipment);
    }
    await settled(dispatch, dispatchId(shipmentId, shipment.dispatches), waitMs);
    return shipments.withLines(read, shipments.shipmentById(read, shipmentId) ?? shipment);
  },
);
