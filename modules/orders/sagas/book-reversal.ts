import { payments } from "#modules/payments";
import { type Money, type Transaction, t, waitUntil } from "#runtime";
import { refundSucceeded } from "../refunding.ts";
import { setRefunded } from "../store/orders.ts";
import { saga } from "../uses.ts";

/** Between two looks at money that is not whole yet; an event comes sooner. */
const lookMs = 60_000;

interface Refund {
  readonly refundId: string;
  readonly amount: Money;
}

/**
 * Books what payments gave back of a cancelled order, once its money is whole. Payments makes it
 * whole by itself and tells of that by events; this asks, so that an event that gets lost does not
 * leave an order whose books differ.
 */
export const bookReversal = saga("orders.book-reversal", {
  version: 1,
  input: t.Object({ orderId: t.String() }),
  deadlineMs: 3_650 * 24 * 60 * 60_000,
})
  .step("look", {
    async run({ input: { orderId }, call, now }) {
      const { isWhole, refunds } = await call(payments.refundsOf, { orderId });
      if (!isWhole) return waitUntil(now() + lookMs);
      const succeeded = refunds.filter(({ state }) => state === "succeeded");
      return succeeded.map(({ refundId, amount }) => ({ refundId, amount }));
    },
  })
  .pivot("book", (tx, { input: { orderId }, done }) => book(tx, orderId, done.look));

function book(tx: Transaction, orderId: string, refunds: readonly Refund[]): void {
  for (const refund of refunds) refundSucceeded(tx, { orderId, ...refund });
  // Refunds that were booked before refunds were noted one by one would count twice.
  const total = refunds.reduce((sum, { amount }) => sum + amount.amount, 0);
  setRefunded(tx, orderId, total);
}
