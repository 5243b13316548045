import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { nextUndo } from "../domain/ledger.ts";
import { paymentProvider } from "../payment-provider.ts";
import { makeWhole } from "../pursue.ts";
import { plan } from "../record.ts";
import * as store from "../store.ts";

export const reverse = handler(
  payments.reverse,
  async ({ orderId, reason }, { read, intent, transaction, port, log }) => {
    await intent((tx) => {
      store.addReversal(tx, { orderId, reason }, tx.now);
      for (const payment of store.paymentsOfOrder(tx, orderId)) {
        plan(tx, payment, { round: 0, now: false });
      }
    });
    const provider = port(paymentProvider);
    await makeWhole({ provider, log, read, intent, round: 0 }, orderId);
    return transaction((tx) => {
      const all = store.paymentsOfOrder(tx, orderId);
      return { settled: all.every((payment) => nextUndo(payment) === "whole") };
    });
  },
);
