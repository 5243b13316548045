import type { World } from "#runtime";
import { type PaymentProvider, ProviderRefusal } from "./provider.ts";

/**
 * A provider that is left alone for a while when it does not answer, so that an order is not kept
 * waiting for what will not come. A refusal is an answer. What was not asked for that reason is
 * unknown like any other silence, and asked under the same key when the payment is looked at next.
 */
export function guarded(provider: PaymentProvider, world: Pick<World, "guard">): PaymentProvider {
  const ask = world.guard((error) => !(error instanceof ProviderRefusal));
  const { name, challenges } = provider;
  return {
    name,
    authorise: (request) => ask(() => provider.authorise(request)),
    capture: (request) => ask(() => provider.capture(request)),
    cancel: (request) => ask(() => provider.cancel(request)),
    refund: (request) => ask(() => provider.refund(request)),
    intentOf: (by) => ask(() => provider.intentOf(by)),
    verifyWebhook: (body, signature) => provider.verifyWebhook(body, signature),
    ...(challenges === undefined ? {} : { challenges }),
  };
}
