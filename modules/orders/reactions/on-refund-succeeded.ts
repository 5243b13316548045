import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { refundSucceeded } from "../refunding.ts";
import { wakeRefunds } from "../waking.ts";

/** Money of an order went back: by a refund from here, or because payments reversed the order. */
export const onRefundSucceeded = reaction(payments.refundSucceeded, (tx, payload) => {
  refundSucceeded(tx, payload);
  wakeRefunds(tx, payload);
});
