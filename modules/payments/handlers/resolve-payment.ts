import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { nextUndo } from "../domain/ledger.ts";
import { current } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { pursue } from "../pursue.ts";
import { plan } from "../record.ts";
import * as store from "../store.ts";

export const resolvePayment = handler(
  payments.resolvePayment,
  async ({ paymentId, round }, { read, intent, transaction, port, log }) => {
    if (store.paymentOf(read, paymentId) === undefined) {
      return transaction(() => ({ definite: true }));
    }
    await pursue({ provider: port(paymentProvider), log, read, intent, round }, paymentId);
    return transaction((tx) => {
      const payment = current(tx, paymentId);
      plan(tx, payment, { round: round + 1, now: false });
      if (payment.reversed === 1) return { definite: nextUndo(payment) === "whole" };
      return { definite: !uncertain.has(payment.state) && payment.pendingRefunds === 0 };
    });
  },
);

const uncertain: ReadonlySet<string> = new Set([
  "authorising",
  "unknown",
  "action_required",
  "capturing",
  "voiding",
]);
