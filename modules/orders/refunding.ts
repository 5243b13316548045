import type { Money, Transaction } from "#runtime";
import { orders } from "./contract.ts";
import { stopIfRefunded } from "./stopping.ts";
import { addRefunded, note, standingOf } from "./store/orders.ts";
import { addRefund, refundById, settleRefund } from "./store/refunds.ts";

/**
 * Books a refund that succeeded, once, whoever hears of it first and however often: a saga by an
 * answer, or a reaction by the event. One that was not asked for here, because payments reversed
 * the order or the provider gave money back, is noted with it.
 */
export function refundSucceeded(
  tx: Transaction,
  { orderId, refundId, amount }: { orderId: string; refundId: string; amount: Money },
): void {
  if (standingOf(tx, orderId) === undefined) return;
  const asked = refundById(tx, refundId);
  if (asked === undefined) {
    addRefund(tx, { refundId, orderId, ...amount, reason: "", requestedAtMs: tx.now });
  }
  const refund = asked ?? refundById(tx, refundId);
  if (refund === undefined || !settleRefund(tx, refund, "succeeded")) return;
  const order = addRefunded(tx, orderId, { amount: amount.amount, atMs: tx.now });
  if (order !== undefined && asked !== undefined) {
    tx.emit(orders.orderRefunded, { orderId, ...order, amount });
  }
  stopIfRefunded(tx, orderId);
}

/** Notes that a refund which was asked for here failed, once. */
export function refundFailed(tx: Transaction, refundId: string): void {
  const refund = refundById(tx, refundId);
  if (refund === undefined || !settleRefund(tx, refund, "failed")) return;
  note(tx, refund.orderId, { what: "refund failed", by: "payments", atMs: tx.now });
}
