import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { levelsOf, newestEntries } from "../store/levels.ts";
import { liveReservations } from "../store/reservations.ts";

export const stockOf = handler(inventory.stockOf, ({ variantId }, { read }) => ({
  levels: levelsOf(read, variantId),
  reservations: liveReservations(read, variantId),
  ledger: newestEntries(read, variantId),
}));
