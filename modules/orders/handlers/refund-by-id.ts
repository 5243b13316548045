import { handler, money } from "#runtime";
import { orders } from "../contract.ts";
import { refundOrder } from "../sagas/refund-order.ts";
import { refundById as stored } from "../store/refunds.ts";

export const refundById = handler(
  orders.refundById,
  async ({ refundId, waitMs = 0 }, { read, fail, settled }) => {
    if (waitMs > 0) await settled(refundOrder, refundId, waitMs);
    const refund = stored(read, refundId);
    if (refund === undefined) throw fail("REFUND_NOT_FOUND", { refundId });
    const { orderId, amount, currency, state } = refund;
    return { refundId, orderId, amount: money(amount, currency), state };
  },
);
