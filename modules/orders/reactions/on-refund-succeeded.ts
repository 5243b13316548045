import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { decideRefund } from "../refunding.ts";
import { stopIfRefunded } from "../stopping.ts";
import { addRefunded } from "../store/orders.ts";

/** Money of an order went back: by a refund from here, or because payments reversed the order. */
export const onRefundSucceeded = reaction(payments.refundSucceeded, (tx, payload) => {
  const { orderId, refundId, amount } = payload;
  if (decideRefund(tx, refundId, "succeeded")) return;
  addRefunded(tx, orderId, { amount: amount.amount, atMs: tx.now });
  stopIfRefunded(tx, orderId);
});
