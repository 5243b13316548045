import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { current } from "../operations.ts";
import { paymentProvider } from "../payment-provider.ts";
import { heard } from "../provider-answers.ts";
import { record } from "../record.ts";
import * as store from "../store.ts";

const REASON_LENGTH_MAX = 300;

export const receiveWebhook = handler(
  payments.receiveWebhook,
  async ({ provider: name, body, signature }, { intent, transaction, port, fail }) => {
    const provider = port(paymentProvider);
    if (name !== provider.name) {
      const reason = `this shop has no provider ${name}`;
      throw fail("WEBHOOK_SIGNATURE_INVALID", { reason });
    }
    const verdict = provider.verifyWebhook(body, signature);
    if (verdict.kind === "refused") {
      throw fail("WEBHOOK_SIGNATURE_INVALID", { reason: verdict.reason });
    }
    if (verdict.kind === "unreadable") {
      throw fail("WEBHOOK_UNREADABLE", { reason: verdict.reason.slice(0, REASON_LENGTH_MAX) });
    }
    const { eventId, intent: object } = verdict.event;
    const key = { provider: name, eventId };
    const paymentId = await intent((tx) => {
      const payment = store.paymentOf(tx, object.metadata.paymentId);
      store.addEvent(tx, { ...key, paymentId: payment?.paymentId ?? null, body }, tx.now);
      return payment?.paymentId;
    });
    return transaction((tx) => {
      if (store.eventStateOf(tx, key) !== "stored") return { stored: true };
      if (paymentId === undefined) {
        store.setEvent(tx, key, "parked");
      } else {
        record(tx, current(tx, paymentId), heard(object));
        store.setEvent(tx, key, "folded");
      }
      return { stored: true };
    });
  },
);
