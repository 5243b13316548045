import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { demandOf } from "../domain.ts";
import * as levels from "../store/levels.ts";
import * as reservations from "../store/reservations.ts";

export const consumeStock = handler(
  inventory.consumeStock,
  ({ orderId, shipmentId, lines }, { transaction, fail }) =>
    transaction((tx) => {
      const demand = demandOf(lines);
      const [first = { variantId: "" }] = demand;
      const consumedFor = reservations.orderOfShipment(tx, shipmentId);
      if (consumedFor === orderId) return { shipmentId };
      const isCommitted = reservations.reservationOf(tx, orderId)?.state === "committed";
      if (consumedFor !== undefined || !isCommitted) {
        throw fail("NOT_COMMITTED", { orderId, variantId: first.variantId });
      }

      for (const line of demand) {
        const { variantId, quantity } = line;
        if (!reservations.takeFromLine(tx, orderId, line)) {
          throw fail("NOT_COMMITTED", { orderId, variantId });
        }
        levels.ship(tx, line);
        reservations.addConsumption(tx, { shipmentId, orderId, variantId, quantity });
        const entry = { variantId, ref: shipmentId, delta: -quantity, atMs: tx.now };
        levels.addEntry(tx, { ...entry, source: "shipment", reason: "shipment" });
      }
      if (!reservations.hasOpenLine(tx, orderId)) {
        reservations.moveReservation(tx, { orderId, from: "committed", to: "consumed" });
      }
      tx.emit(inventory.stockConsumed, { orderId, shipmentId });
      return { shipmentId };
    }),
);
