import { inventory } from "#modules/inventory";
import { reaction } from "#runtime";
import { setStock } from "../store/upkeep.ts";

export const onStockRanOut = reaction(inventory.stockRanOut, (tx, { variantId }) =>
  setStock(tx, variantId, false),
);
