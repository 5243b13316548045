import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { dispatchDecision, dispatchId } from "../domain/shipment.ts";
import { dispatch } from "../sagas/dispatch.ts";
import * as consignments from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

export const shipShipment = handler(
  shipping.shipShipment,
  ({ shipmentId, carrier, trackingNumber }, { transaction, fail }) =>
    transaction((tx) => {
      const before = shipments.shipmentById(tx, shipmentId);
      if (before === undefined) throw fail("SHIPMENT_NOT_FOUND", { shipmentId });
      const decision = dispatchDecision(before, { carrier, trackingNumber });
      if (decision === "illegal") {
        throw fail("ILLEGAL_TRANSITION", { from: before.state, to: "ship_requested" });
      }
      if (decision === "done") return shipments.withLines(tx, before);
      const { orderId } = before;
      if (consignments.isHeld(tx, orderId)) throw fail("CANCELLATION_IN_PROGRESS", { orderId });

      shipments.requestDispatch(tx, { shipmentId, carrier, trackingNumber });
      const dispatches = before.dispatches + 1;
      const sent = { carrier, trackingNumber, failure: null, dispatches };
      const shipment = { ...before, ...sent, state: "ship_requested" as const };
      const answer = shipments.withLines(tx, shipment);
      const { lines } = answer;
      const input = { orderId, shipmentId, lines, requestedAtMs: tx.now };
      tx.start(dispatch, dispatchId(shipmentId, dispatches), input);
      return answer;
    }),
);
