import { payments } from "#modules/payments";
import { moneySchema, SagaRefusal, t, waitUntil } from "#runtime";
import { refundFailed, refundSucceeded } from "../refunding.ts";
import { saga } from "../uses.ts";

const dayMs = 24 * 60 * 60_000;
/** Between two looks at a refund that is pending; an event comes sooner. */
const lookMs = 60_000;

const Refund = t.Object({
  orderId: t.String(),
  refundId: t.String(),
  amount: moneySchema,
  reason: t.String(),
});

/**
 * From a refund asked for to one decided. It waits for the provider's word, for ten years if need
 * be, and looks by itself: an event that gets lost delays the books and does not leave them wrong.
 */
export const refundOrder = saga("orders.refund-order", {
  version: 2,
  input: Refund,
  deadlineMs: 3_650 * dayMs,
})
  .step("refund-payment", {
    async run({ input, call, now }) {
      let { state } = await call(payments.refund, input);
      if (state === "pending") {
        // Run again after a wait, that call gives the stored first answer.
        const { refunds } = await call(payments.refundsOf, { orderId: input.orderId });
        state = refunds.find(({ refundId }) => refundId === input.refundId)?.state ?? "pending";
      }
      if (state === "failed") throw new SagaRefusal("refund_failed");
      return state === "pending" ? waitUntil(now() + lookMs) : {};
    },
  })
  .pivot("record", (tx, { input }) => refundSucceeded(tx, input))
  .ending((tx, { input, outcome }) => {
    if (outcome === "compensated") refundFailed(tx, input.refundId);
  });

/** For refunds that began under it. It leaves one that is pending to the events. */
export const refundOrderVersion1 = saga("orders.refund-order", {
  version: 1,
  input: Refund,
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
    if (done["refund-payment"].state === "succeeded") refundSucceeded(tx, input);
  })
  .ending((tx, { input, outcome }) => {
    if (outcome === "compensated") refundFailed(tx, input.refundId);
  });
