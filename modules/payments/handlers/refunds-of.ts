import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { nextUndo } from "../domain/ledger.ts";
import { refundsIn } from "../domain/refunds.ts";
import * as store from "../store.ts";

export const refundsOf = handler(payments.refundsOf, ({ orderId }, { read }) => {
  const all = store.paymentsOfOrder(read, orderId);
  const refunds = all.flatMap(({ paymentId, currency }) => {
    const found = refundsIn(store.entriesOf(read, paymentId), store.operationsOf(read, paymentId));
    return found.map(({ amount, ...refund }) => ({ ...refund, amount: { amount, currency } }));
  });
  return { isWhole: all.every((payment) => nextUndo(payment) === "whole"), refunds };
});
