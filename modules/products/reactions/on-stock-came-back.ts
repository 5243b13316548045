import { inventory } from "#modules/inventory";
import { reaction } from "#runtime";
import { setStock } from "../store/upkeep.ts";

export const onStockCameBack = reaction(inventory.stockCameBack, (tx, { variantId }) =>
  setStock(tx, variantId, true),
);
