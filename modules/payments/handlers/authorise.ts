import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { view } from "../domain/view.ts";
import { current, openPayment, unanswered } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { send } from "../provider-answers.ts";
import { record } from "../record.ts";
import * as store from "../store.ts";

export const authorise = handler(
  payments.authorise,
  async (input, { intent, transaction, port, log, fail }) => {
    const { orderId, attempt, amount } = input;
    const { payment, operation } = await intent((tx) => {
      if (store.isReversed(tx, orderId)) throw fail("PAYMENT_REVERSED", { orderId });
      const attempts = store.paymentsOfOrder(tx, orderId);
      const known = attempts.find((one) => one.attempt === attempt);
      if (known === undefined) {
        const live = attempts.find(({ state }) => !ended.has(state));
        if (live === undefined) return openPayment(tx, input);
        throw fail("PAYMENT_IN_PROGRESS", { orderId, attempt: live.attempt });
      }
      if (known.total !== amount.amount || known.currency !== amount.currency) {
        throw fail("PAYMENT_MISMATCH", { orderId, attempt });
      }
      return { payment: known, operation: unanswered(tx, known, "authorise") };
    });
    const { paymentId } = payment;
    if (operation === undefined) return transaction((tx) => view(current(tx, paymentId)));

    const answer = await send({ provider: port(paymentProvider), log }, payment, operation);
    return transaction((tx) => view(record(tx, current(tx, paymentId), answer)));
  },
);

const ended: ReadonlySet<string> = new Set(["declined", "voided", "expired"]);
