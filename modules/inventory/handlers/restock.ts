import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { demandOf } from "../domain.ts";
import { putOnShelf } from "../shelf.ts";
import * as levels from "../store/levels.ts";

export const restock = handler(inventory.restock, ({ ref, lines }, { transaction }) =>
  transaction((tx) => {
    if (levels.hasEntry(tx, { source: "restock", ref })) return { ref };
    for (const line of demandOf(lines)) {
      const { variantId, quantity: delta } = line;
      const entry = { variantId, ref, delta, atMs: tx.now };
      levels.addEntry(tx, { ...entry, source: "restock", reason: "return" });
      putOnShelf(tx, line);
    }
    return { ref };
  }),
);
