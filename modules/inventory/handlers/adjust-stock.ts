import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { announce } from "../shelf.ts";
import * as levels from "../store/levels.ts";

export const adjustStock = handler(
  inventory.adjustStock,
  ({ variantId, delta, reason, ref }, { transaction, fail }) =>
    transaction((tx) => {
      const entry = { variantId, ref, delta, reason, atMs: tx.now };
      if (!levels.addEntry(tx, { ...entry, source: "adjustment" })) {
        return levels.levelOf(tx, variantId);
      }
      levels.addLevel(tx, variantId, 0);
      const level = levels.changeOnHand(tx, { variantId, delta });
      if (level === undefined) {
        const { onHand, held, committed } = levels.levelOf(tx, variantId);
        throw fail("STOCK_TOO_LOW", { variantId, onHand, promised: held + committed });
      }
      const { available } = level;
      announce(tx, variantId, { change: delta, after: available });
      tx.emit(inventory.stockAdjusted, { variantId, available, delta, reason });
      return level;
    }),
);
