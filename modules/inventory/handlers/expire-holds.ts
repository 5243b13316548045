import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { giveBack } from "../shelf.ts";
import * as reservations from "../store/reservations.ts";

/** Holds that one sweep lets run out at most, so that it does not keep checkouts waiting. */
const SWEEP_MAX = 100;

export const expireHolds = handler(inventory.expireHolds, (_input, { transaction }) =>
  transaction((tx) => {
    const due = reservations.dueHolds(tx, { nowMs: tx.now, limit: SWEEP_MAX });
    for (const { orderId } of due) {
      reservations.moveReservation(tx, { orderId, from: "held", to: "expired" });
      giveBack(tx, orderId, "held");
      tx.emit(inventory.holdExpired, { orderId });
    }
    const nextMs = reservations.earliestHoldMs(tx);
    if (nextMs !== undefined) {
      tx.schedule(inventory.expireHolds, {}, { key: "next", atMs: nextMs });
    }
    return { expired: due.length };
  }),
);
