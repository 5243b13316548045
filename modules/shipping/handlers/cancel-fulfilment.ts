import { shipping } from "#modules/shipping";
import { handler, type Transaction } from "#runtime";
import {
  cancelDecision,
  demandOf,
  hasLeft,
  isComplete,
  type Shipment,
} from "../domain/shipment.ts";
import * as consignments from "../store/consignments.ts";
import * as shipments from "../store/shipments.ts";

export const cancelFulfilment = handler(
  shipping.cancelFulfilment,
  ({ orderId, reason, scope }, { transaction, fail }) =>
    transaction((tx) => {
      const all = shipments.shipmentsOf(tx, orderId);
      const states = all.map(({ state }) => state);
      if (scope === undefined && states.includes("ship_requested")) {
        throw fail("ALREADY_SHIPPED", { orderId });
      }
      switch (cancelDecision(states, scope ?? "whole")) {
        case "wait":
          consignments.setHeldAt(tx, orderId, tx.now);
          return { orderId, state: "held" as const };
        case "too late":
          consignments.setHeldAt(tx, orderId, null);
          // Returned, not thrown, so that the end of the hold is committed with it.
          return fail("ALREADY_SHIPPED", { orderId });
        case "cancel rest":
          return { orderId, state: "rest_cancelled" as const, isDelivered: cancelRest(tx, all) };
        case "cancel":
          if (consignments.cancelConsignment(tx, { orderId, reason, atMs: tx.now })) {
            cancelUnsent(tx, all);
          }
          return { orderId, state: "cancelled" as const };
      }
    }),
);

/**
 * Cancels what has not left, of an order of which something has: it then asks for no more than
 * that. Returns whether all of it has been delivered.
 */
function cancelRest(tx: Transaction, all: readonly Shipment[]): boolean {
  const orderId = all[0]?.orderId ?? "";
  cancelUnsent(tx, all);
  const lines = shipments.linesOfOrder(tx, orderId);
  const left = demandOf(lines.filter(({ state }) => hasLeft(state)));
  consignments.setOrderedLines(tx, orderId, left);
  consignments.setHeldAt(tx, orderId, null);
  const delivered = lines.filter(({ state }) => state === "delivered");
  return isComplete(left, delivered);
}

function cancelUnsent(tx: Transaction, all: readonly Shipment[]): void {
  for (const { shipmentId, orderId, state } of all) {
    if (state === "cancelled" || hasLeft(state)) continue;
    shipments.setState(tx, shipmentId, "cancelled");
    tx.emit(shipping.shipmentCancelled, { orderId, shipmentId });
  }
}
