import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { paymentProvider } from "../payment-provider.ts";

export const challengeOf = handler(payments.challengeOf, ({ reference }, { port, fail }) => {
  const intent = port(paymentProvider).challenges?.intentOf(reference) ?? null;
  if (intent === null) throw fail("CHALLENGE_NOT_FOUND", { reference });
  const { amount, currency, metadata, status } = intent;
  return {
    orderId: metadata.orderId,
    amount: { amount, currency },
    open: status === "requires_action",
  };
});
