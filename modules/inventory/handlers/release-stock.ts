import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { releaseDecision } from "../domain.ts";
import { giveBack } from "../shelf.ts";
import * as reservations from "../store/reservations.ts";

export const releaseStock = handler(
  inventory.releaseStock,
  ({ orderId, reason }, { transaction, fail }) =>
    transaction((tx) => {
      const known = reservations.reservationOf(tx, orderId);
      const shipped = known?.state === "committed" && reservations.hasShipped(tx, orderId);
      const decision = releaseDecision(known?.state, shipped);
      if (decision === "refuse") throw fail("ALREADY_CONSUMED", { orderId });
      if (decision === "done") return { orderId };

      if (known === undefined) {
        reservations.addReservation(tx, { orderId, state: "released", untilMs: tx.now });
        return { orderId };
      }
      reservations.moveReservation(tx, { orderId, from: known.state, to: "released" });
      if (decision === "leave a mark") return { orderId };
      giveBack(tx, orderId, known.state === "held" ? "held" : "committed");
      tx.emit(inventory.stockReleased, { orderId, reason });
      return { orderId };
    }),
);
