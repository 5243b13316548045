import { port, t } from "#runtime";
import { guarded } from "./guarded.ts";
import type { PaymentProvider } from "./provider.ts";
import { kept } from "./simulator/secret.ts";
import { openSimulator } from "./simulator/simulator.ts";
import { posting } from "./simulator/webhooks.ts";

/** A provider that is closed when its instance ends. */
export interface OpenedProvider extends PaymentProvider {
  close(): void;
}

/**
 * Who moves the money: the simulator, which stands for the world outside until a shop has an
 * account with a provider. Another provider needs only to fulfil PaymentProvider and its contract
 * tests.
 */
export const paymentProvider = port("payments.provider", {
  settings: t.Object({
    /** What webhooks are signed with. Without it one is made and kept in the port's folder. */
    PAYMENTS_WEBHOOK_SECRET: t.Optional(t.String({ minLength: 16, maxLength: 200 })),
    /** `allow` lets the simulator stand for a provider in production, where it is refused. */
    PAYMENTS_SIMULATOR: t.Optional(t.Literal("allow")),
    /** Where the simulator sends webhooks. Without it, to the shop's own address. */
    SIMULATOR_WEBHOOK_URL: t.Optional(t.String({ minLength: 1, maxLength: 2_000 })),
  }),
  refuse: ({ PAYMENTS_SIMULATOR }, { development }) =>
    development || PAYMENTS_SIMULATOR === "allow"
      ? undefined
      : "Payments would go to the simulator, which takes any card and moves no money. For a " +
        "trial in production set PAYMENTS_SIMULATOR=allow; to take money, connect a provider.",
  open(settings, world): OpenedProvider {
    const url =
      settings.SIMULATOR_WEBHOOK_URL ?? `${world.publicUrl}/v1/webhooks/payments/simulator`;
    const secret = settings.PAYMENTS_WEBHOOK_SECRET ?? kept(world);
    const simulator = openSimulator(world, { secret, deliver: posting(url) });
    return { ...guarded(simulator, world), close: () => simulator.close() };
  },
  close: (provider) => provider.close(),
});
