import { orders } from "#modules/orders";
import { declareUses } from "#runtime";

/** The procedures that notifications calls; handlers that call one are made with these. */
export const { uses, handler } = declareUses([orders.orderTokens]);
