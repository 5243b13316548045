import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { paymentProvider } from "../payment-provider.ts";

export const completeChallenge = handler(
  payments.completeChallenge,
  ({ reference, result }, { port, transaction, fail }) => {
    const known = port(paymentProvider).challenges?.complete(reference, result) ?? false;
    if (!known) throw fail("CHALLENGE_NOT_FOUND", { reference });
    return transaction(() => ({}));
  },
);
