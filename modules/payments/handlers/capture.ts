import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { outcomeOf } from "../domain/ledger.ts";
import { view } from "../domain/view.ts";
import { current, openOperation, unanswered } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { send } from "../provider-answers.ts";
import { record } from "../record.ts";
import * as store from "../store.ts";

export const capture = handler(
  payments.capture,
  async ({ orderId }, { intent, transaction, port, log, fail }) => {
    const { payment, operation } = await intent((tx) => {
      const [payment] = store.paymentsOfOrder(tx, orderId);
      if (payment === undefined) throw fail("PAYMENT_NOT_FOUND", { orderId });
      if (payment.state === "captured") return { payment, operation: undefined };
      if (payment.state === "capturing") {
        return { payment, operation: unanswered(tx, payment, "capture") };
      }
      if (payment.reversed === 1) throw fail("CAPTURE_FAILED", { orderId, reason: "reversed" });
      if (payment.state !== "authorised") {
        throw fail("CAPTURE_FAILED", { orderId, reason: payment.state });
      }
      const amount = payment.authorised;
      return openOperation(tx, payment, { kind: "capture", amount, cause: "request" });
    });
    const { paymentId } = payment;
    if (operation === undefined) return transaction((tx) => view(current(tx, paymentId)));

    const answer = await send({ provider: port(paymentProvider), log }, payment, operation);
    if (outcomeOf(operation, answer.facts) === "failed") {
      const after = await intent((tx) => record(tx, current(tx, paymentId), answer));
      const own = answer.facts.find((fact) => fact.operationId === operation.operationId);
      throw fail("CAPTURE_FAILED", { orderId, reason: own?.detail ?? after.state });
    }
    return transaction((tx) => view(record(tx, current(tx, paymentId), answer)));
  },
);
