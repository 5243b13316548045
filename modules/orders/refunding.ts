import type { Transaction } from "#runtime";
import { orders } from "./contract.ts";
import type { RefundState } from "./domain/refund.ts";
import { stopIfRefunded } from "./stopping.ts";
import { addRefunded, note } from "./store/orders.ts";
import { refundById, settleRefund } from "./store/refunds.ts";

/**
 * Decides a refund that was asked for here, once, whoever hears of it first: the saga by the
 * answer, or the reaction by the event. Returns false for a refund that nobody asked for here.
 */
export function decideRefund(tx: Transaction, refundId: string, to: RefundState): boolean {
  const refund = refundById(tx, refundId);
  if (refund === undefined) return false;
  if (!settleRefund(tx, refund, to)) return true;
  const { orderId, amount, currency } = refund;
  if (to === "failed") {
    note(tx, orderId, { what: "refund failed", by: "payments", atMs: tx.now });
    return true;
  }
  const order = addRefunded(tx, orderId, { amount, atMs: tx.now });
  if (order !== undefined) {
    tx.emit(orders.orderRefunded, { orderId, ...order, amount: { amount, currency } });
  }
  stopIfRefunded(tx, orderId);
  return true;
}
