import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { view } from "../domain/view.ts";
import { current } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { pursue } from "../pursue.ts";
import * as store from "../store.ts";

export const syncPayment = handler(
  payments.syncPayment,
  async ({ paymentId }, { read, intent, transaction, port, log, fail }) => {
    if (store.paymentOf(read, paymentId) === undefined) {
      throw fail("PAYMENT_NOT_FOUND", { paymentId });
    }
    const provider = port(paymentProvider);
    await pursue({ provider, log, read, intent, round: 0 }, paymentId);
    return transaction((tx) => view(current(tx, paymentId)));
  },
);
