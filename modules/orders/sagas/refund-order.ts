import { payments } from "#modules/payments";
import { moneySchema, SagaRefusal, t } from "#runtime";
import { decideRefund } from "../refunding.ts";
import { saga } from "../uses.ts";

const dayMs = 24 * 60 * 60_000;

/**
 * From a refund asked for to one decided. While the provider has not said, the refund stays
 * requested, and the reactions to what payments publishes decide it.
 */
export const refundOrder = saga("orders.refund-order", {
  version: 1,
  input: t.Object({
    orderId: t.String(),
    refundId: t.String(),
    amount: moneySchema,
    reason: t.String(),
  }),
  deadlineMs: 7 * dayMs,
})
  .step("refund-payment", {
    async run({ input, call }) {
      const { state } = await call(payments.refund, input);
      if (state === "failed") throw new SagaRefusal("refund_failed");
      return { state };
    },
  })
  .pivot("record", (tx, { input, done }) => {
    if (done["refund-payment"].state === "succeeded") decideRefund(tx, input.refundId, "succeeded");
  })
  .ending((tx, { input, outcome }) => {
    if (outcome === "compensated") decideRefund(tx, input.refundId, "failed");
  });
