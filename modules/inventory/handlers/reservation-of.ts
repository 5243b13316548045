import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import * as reservations from "../store/reservations.ts";

export const reservationOf = handler(inventory.reservationOf, ({ orderId }, { read }) => {
  const known = reservations.reservationOf(read, orderId);
  if (known === undefined) return null;
  const lines = reservations.linesOf(read, orderId);
  return {
    state: known.state,
    lines: lines.map(({ variantId, quantity }) => ({ variantId, quantity })),
  };
});
