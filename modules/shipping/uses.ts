import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { declareUses } from "#runtime";

/** The procedures that shipping calls; its saga is made with these. */
export const { uses, saga } = declareUses([
  inventory.consumeStock,
  payments.capture,
  payments.paymentOfOrder,
]);
