import { payments } from "#modules/payments";
import { money } from "#runtime";
import { orders } from "../contract.ts";
import { refundOrder as refunding } from "../sagas/refund-order.ts";
import { orderById } from "../store/orders.ts";
import { addRefund, countOf, refundById, requestedOf } from "../store/refunds.ts";
import { handler } from "../uses.ts";

/** Refunds of one order, at most: fewer than of a payment, which has those of reversals too. */
const refundsMax = 50;

export const refundOrder = handler(
  orders.refundOrder,
  async (input, { call, fail, transaction }) => {
    const { orderId, refundId, amount, reason } = input;
    const payment = await call(payments.paymentOfOrder, { orderId });
    const left = payment === null ? 0 : payment.captured.amount - payment.refunded.amount;
    return await transaction((tx) => {
      const order = orderById(tx, orderId);
      if (order === undefined) throw fail("ORDER_NOT_FOUND", { orderId });
      const { currency } = order;
      const known = refundById(tx, refundId);
      if (known !== undefined) {
        const same = known.orderId === orderId && known.amount === amount.amount;
        if (!same || known.currency !== amount.currency)
          throw fail("REFUND_MISMATCH", { refundId });
        return { refundId, state: known.state };
      }
      if (countOf(tx, orderId) >= refundsMax) throw fail("REFUNDS_FULL", { refundsMax });
      const refundable = money(Math.max(left - requestedOf(tx, orderId), 0), currency);
      const wanted = amount.currency === currency ? amount.amount : Number.POSITIVE_INFINITY;
      if (wanted > refundable.amount || wanted <= 0) throw fail("REFUND_TOO_HIGH", { refundable });
      addRefund(tx, { refundId, orderId, ...amount, reason, requestedAtMs: tx.now });
      tx.start(refunding, refundId, { orderId, refundId, amount, reason });
      return { refundId, state: "requested" };
    });
  },
);
