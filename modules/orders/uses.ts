import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { declareUses } from "#runtime";

/** The procedures that orders calls; handlers and sagas that call one are made with these. */
export const { uses, handler, saga } = declareUses([
  inventory.audit,
  inventory.commitStock,
  inventory.holdStock,
  inventory.releaseStock,
  inventory.reservationOf,
  payments.audit,
  payments.authorise,
  payments.capture,
  payments.paymentOfOrder,
  payments.refund,
  payments.refundsOf,
  payments.reverse,
  products.quoteLines,
  shipping.audit,
  shipping.cancelFulfilment,
  shipping.openFulfilment,
  shipping.quote,
  shipping.shipmentsOf,
]);
