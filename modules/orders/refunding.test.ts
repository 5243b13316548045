import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { placements } from "../../runtime/testing/place.ts";
import ordersModule from "./module.ts";
import { openShop, type Shop } from "./testing/shop.ts";

/** Orders that hears of no event of payments, as if each had been lost on its way. */
const deaf = {
  ...ordersModule,
  reactions: ordersModule.reactions.filter(({ event }) => event.module !== "payments"),
};

/** A confirmed order whose money has been taken, with nothing sent. */
async function paid(shop: Shop, token: string) {
  const { orderId, total } = await shop.checkOut(await shop.filledCart({ tea: 2 }), token);
  await shop.call(payments.capture, { orderId });
  return { orderId, total };
}

async function refundedOf(shop: Shop, orderId: string) {
  const order = await shop.call(orders.orderById, { orderId });
  const payment = await shop.call(payments.paymentOfOrder, { orderId });
  return { status: order.status, order: order.refunded, payment: payment?.refunded };
}

async function expectBalance(shop: Shop) {
  expect((await shop.call(orders.reconcile, { sinceMs: 0 })).violations).toEqual([]);
}

describe.each(placements)("what went back of an order, %s", (placement) => {
  test.each([
    ["tok_ok", "heard of", ordersModule],
    ["tok_ok", "not heard of", deaf],
    ["tok_refund_pending", "heard of", ordersModule],
    ["tok_refund_pending", "not heard of", deaf],
  ])("is in its books when it is cancelled, %s, %s", async (token, _what, module) => {
    await using shop = await openShop(placement, { orders: module });
    const { orderId, total } = await paid(shop, token);
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.settle();
    await shop.placed.restart();
    await shop.placed.advance(120_000);
    const books = { status: "cancelled", order: total, payment: total } as const;
    expect(await refundedOf(shop, orderId)).toEqual(books);
    await expectBalance(shop);
  });

  test("is booked once, asked for in part and given back with the rest", async () => {
    await using shop = await openShop(placement);
    const { orderId, total } = await paid(shop, "tok_refund_pending");
    const amount = { amount: 500, currency: "EUR" };
    const refund = { orderId, refundId: "ref_1", amount, reason: "a dented tin" };
    await shop.call(orders.refundOrder, refund);
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.advance(120_000);
    const books = { status: "cancelled", order: total, payment: total } as const;
    expect(await refundedOf(shop, orderId)).toEqual(books);
    expect(shop.countOf("orders.orderRefunded")).toBe(1);
    await expectBalance(shop);
  });

  test.each([
    ["tok_refund_pending", "succeeded", 500],
    ["tok_refund_fails", "failed", 0],
  ] as const)("is known without an event: %s", async (token, state, refunded) => {
    await using shop = await openShop(placement, { orders: deaf });
    const { orderId } = await paid(shop, token);
    const amount = { amount: 500, currency: "EUR" };
    const refund = { orderId, refundId: "ref_1", amount, reason: "a dented tin" };
    await shop.call(orders.refundOrder, refund);
    await shop.placed.advance(120_000);
    expect(await shop.call(orders.refundById, { refundId: "ref_1" })).toMatchObject({ state });
    expect((await refundedOf(shop, orderId)).order).toEqual({ amount: refunded, currency: "EUR" });
    expect(shop.countOf("orders.orderRefunded")).toBe(refunded === 0 ? 0 : 1);
    await expectBalance(shop);
  });
});

test("an order has at most fifty refunds, failed ones among them", async () => {
  await using shop = await openShop("in process");
  const { orderId } = await paid(shop, "tok_ok");
  const ask = (refundId: string) => {
    const amount = { amount: 1, currency: "EUR" };
    return shop.call(orders.refundOrder, { orderId, refundId, amount, reason: "a cent" });
  };
  for (let number = 0; number < 50; number++) await ask(`ref_${number}`);
  await shop.placed.settle();
  await expect(ask("more")).rejects.toMatchObject({
    code: "REFUNDS_FULL",
    data: { refundsMax: 50 },
  });
  expect(await ask("ref_0")).toMatchObject({ refundId: "ref_0" });
  await expectBalance(shop);
}, 60_000);
