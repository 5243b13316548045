import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { placements } from "../../runtime/testing/place.ts";
import paymentsModule from "../payments/module.ts";
import { openShop } from "./testing/shop.ts";

/** Payments that keeps who asks after a payment waiting until it is let go. */
function hesitating(letGo: Promise<void>) {
  const { handlers } = paymentsModule;
  const { paymentOfOrder } = handlers;
  if (paymentOfOrder === undefined) throw new Error("Payments answers no questions.");
  const work: typeof paymentOfOrder.work = async (input, context) => {
    await letGo;
    return paymentOfOrder.work(input, context);
  };
  const slow = { ...paymentOfOrder, work };
  return { ...paymentsModule, handlers: { ...handlers, paymentOfOrder: slow } };
}

describe.each(placements)("an answer about a checkout, %s", (placement) => {
  test.each([
    ["tok_slow", "confirmed"],
    ["tok_decline", "rejected"],
  ] as const)("is of when it is given, not of when it was asked for: %s", async (token, state) => {
    const { promise: letGo, resolve } = Promise.withResolvers<void>();
    await using shop = await openShop(placement, { payments: hesitating(letGo), duplicate: false });
    const offer = await shop.offer(await shop.filledCart(), token);
    const { checkoutId } = await shop.call(orders.startCheckout, offer, { key: "first" });
    const early = shop.call(orders.checkoutById, { checkoutId });
    await shop.placed.advance(10_000);
    expect(await shop.call(orders.checkoutById, { checkoutId })).toMatchObject({ state });
    resolve();
    expect(await early).toMatchObject({ state, actionUrl: null });
  });
});
