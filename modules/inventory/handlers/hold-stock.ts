import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { demandOf } from "../domain.ts";
import { take } from "../shelf.ts";
import * as reservations from "../store/reservations.ts";

/**
 * One sweep is planned for the first hold that is due, not one timer for each hold: nearly every
 * hold is committed long before, so the usual hold plans nothing. A sweep that is overdue is
 * planned anew, so that one lost to the dead letters comes back with the next hold.
 */
export const holdStock = handler(
  inventory.holdStock,
  ({ orderId, lines, untilMs }, { transaction, fail }) =>
    transaction((tx) => {
      if (!reservations.addReservation(tx, { orderId, state: "held", untilMs })) {
        const known = reservations.reservationOf(tx, orderId);
        if (known === undefined || known.state === "released") {
          throw fail("RESERVATION_RELEASED", { orderId });
        }
        return { untilMs: known.untilMs };
      }
      const demand = demandOf(lines);
      const shortages = take(tx, demand, "held");
      if (shortages.length > 0) throw fail("OUT_OF_STOCK", { shortages });
      for (const line of demand) reservations.addLine(tx, orderId, line);

      const earliestMs = reservations.earliestHoldMs(tx) ?? untilMs;
      if (earliestMs >= untilMs || earliestMs < tx.now) {
        tx.schedule(inventory.expireHolds, {}, { key: "next", atMs: earliestMs });
      }
      tx.emit(inventory.stockHeld, { orderId, untilMs });
      return { untilMs };
    }),
);
