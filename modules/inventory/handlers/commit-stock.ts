import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { commitDecision } from "../domain.ts";
import { take } from "../shelf.ts";
import * as levels from "../store/levels.ts";
import * as reservations from "../store/reservations.ts";

export const commitStock = handler(inventory.commitStock, ({ orderId }, { transaction, fail }) =>
  transaction((tx) => {
    if (reservations.moveReservation(tx, { orderId, from: "held", to: "committed" })) {
      levels.commitHeld(tx, orderId);
      tx.emit(inventory.stockCommitted, { orderId });
      return { orderId };
    }
    switch (commitDecision(reservations.reservationOf(tx, orderId)?.state)) {
      case "hold again": {
        const shortages = take(tx, reservations.linesOf(tx, orderId), "committed");
        if (shortages.length > 0) throw fail("OUT_OF_STOCK", { shortages });
        reservations.setLines(tx, orderId, "open");
        reservations.moveReservation(tx, { orderId, from: "expired", to: "committed" });
        tx.emit(inventory.stockCommitted, { orderId });
        return { orderId };
      }
      case "released":
        throw fail("RESERVATION_RELEASED", { orderId });
      case "not found":
        throw fail("RESERVATION_NOT_FOUND", { orderId });
      default:
        return { orderId };
    }
  }),
);
