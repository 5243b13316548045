import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { view } from "../domain/view.ts";
import * as store from "../store.ts";

/** Operations and entries shown, at most: the newest. */
const shownMax = 500;

export const paymentById = handler(payments.paymentById, ({ paymentId }, { read, fail }) => {
  const payment = store.paymentOf(read, paymentId);
  if (payment === undefined) throw fail("PAYMENT_NOT_FOUND", { paymentId });
  const sum = (amount: number) => ({ amount, currency: payment.currency });
  return {
    payment: view(payment),
    operations: store
      .operationsOf(read, paymentId)
      .slice(-shownMax)
      .map(({ operationId, kind, amount, state, cause }) => ({
        operationId,
        kind,
        amount: sum(amount),
        state,
        cause,
      })),
    entries: store
      .entriesOf(read, paymentId)
      .slice(-shownMax)
      .map(({ kind, amount, providerRef, atMs }) => ({
        kind,
        amount: sum(amount),
        providerRef,
        atMs,
      })),
  };
});
