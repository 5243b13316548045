import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { decideRefund } from "../refunding.ts";

/** A refund that was pending at the provider has failed. */
export const onRefundFailed = reaction(payments.refundFailed, (tx, { refundId }) => {
  decideRefund(tx, refundId, "failed");
});
