import { inventory } from "#modules/inventory";
import { handler, type Transaction } from "#runtime";
import { releaseDecision } from "../domain.ts";
import { giveBack } from "../shelf.ts";
import * as reservations from "../store/reservations.ts";

export const releaseStock = handler(
  inventory.releaseStock,
  ({ orderId, reason, rest = false }, { transaction, fail }) =>
    transaction((tx) => {
      const known = reservations.reservationOf(tx, orderId);
      const shipped = known?.state === "committed" && reservations.hasShipped(tx, orderId);
      const decision = releaseDecision(known?.state, shipped);
      if (decision === "refuse") {
        if (!rest) throw fail("ALREADY_CONSUMED", { orderId });
        giveBackRest(tx, orderId, reason);
        return { orderId };
      }
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

/** Gives back what is still kept for an order of which goods have left; nothing when all have. */
function giveBackRest(tx: Transaction, orderId: string, reason: string): void {
  if (!reservations.moveReservation(tx, { orderId, from: "committed", to: "consumed" })) return;
  reservations.countReleased(tx, orderId);
  giveBack(tx, orderId, "committed");
  tx.emit(inventory.stockReleased, { orderId, reason });
}
