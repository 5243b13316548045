import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { isDefinite, isOpen, type OperationState, refundable } from "../domain/ledger.ts";
import { view } from "../domain/view.ts";
import { current, openOperation } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { send } from "../provider-answers.ts";
import { record } from "../record.ts";
import * as store from "../store.ts";

/** Refunds of one payment, at most. */
const refundsMax = 100;

export const refund = handler(
  payments.refund,
  async ({ orderId, refundId, amount }, { intent, transaction, port, log, fail }) => {
    const { payment, operation } = await intent((tx) => {
      const [payment] = store.paymentsOfOrder(tx, orderId);
      if (payment === undefined) throw fail("PAYMENT_NOT_FOUND", { orderId });
      const { currency, paymentId } = payment;
      const operations = store.operationsOf(tx, paymentId);
      const known = operations.find((one) => one.refundId === refundId);
      if (known !== undefined) {
        const same = known.amount === amount.amount && currency === amount.currency;
        if (!same) throw fail("REFUND_MISMATCH", { refundId });
        return { payment, operation: known };
      }
      const refunds = operations.filter(({ kind }) => kind === "refund");
      if (refunds.length >= refundsMax) throw fail("REFUNDS_FULL", { refundsMax });
      const left = refundable(payment);
      if (amount.amount > left || currency !== amount.currency) {
        throw fail("REFUND_TOO_HIGH", { refundable: { amount: left, currency } });
      }
      const wanted = { kind: "refund", amount: amount.amount, cause: "request", refundId } as const;
      return openOperation(tx, payment, wanted);
    });
    const { paymentId } = payment;
    const answer = isOpen(operation)
      ? await send({ provider: port(paymentProvider), log }, payment, operation)
      : null;
    return transaction((tx) => {
      const before = current(tx, paymentId);
      const after = answer === null ? before : record(tx, before, answer);
      const now = store.operationsOf(tx, paymentId).find((one) => one.refundId === refundId);
      return { refundId, state: stateOf(now?.state ?? operation.state), payment: view(after) };
    });
  },
);

function stateOf(state: OperationState): "succeeded" | "pending" | "failed" {
  if (!isDefinite(state)) return "pending";
  return state === "succeeded" ? "succeeded" : "failed";
}
