import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { refundFailed } from "../refunding.ts";
import { wakeRefunds } from "../waking.ts";

/** A refund that was pending at the provider has failed. */
export const onRefundFailed = reaction(payments.refundFailed, (tx, payload) => {
  refundFailed(tx, payload.refundId);
  wakeRefunds(tx, payload);
});
