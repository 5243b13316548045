import { inventory } from "#modules/inventory";
import { handler } from "#runtime";
import { announce } from "../shelf.ts";
import * as levels from "../store/levels.ts";

export const stockUp = handler(inventory.stockUp, ({ lines }, { transaction }) =>
  transaction((tx) => {
    let added = 0;
    for (const { variantId, quantity } of lines) {
      if (!levels.addLevel(tx, variantId, quantity)) continue;
      added += 1;
      const entry = { variantId, ref: "opening", delta: quantity, atMs: tx.now };
      levels.addEntry(tx, { ...entry, source: "opening", reason: "opening" });
      announce(tx, variantId, { change: quantity, after: quantity });
    }
    return { added };
  }),
);
