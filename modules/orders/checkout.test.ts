import { describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { placements } from "../../runtime/testing/place.ts";
import { openShop, type Shop } from "./testing/shop.ts";

const minuteMs = 60_000;

/** Every book balances: those of orders, inventory and payments, and between them. */
async function expectBalance(shop: Shop) {
  expect((await shop.call(orders.reconcile, { sinceMs: 0 })).violations).toEqual([]);
}

describe.each(placements)("checking out, %s", (placement) => {
  test("confirms an order that is in stock and paid, once", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart({ tea: 2, book: 1 });
    const { orderId, state, orderToken, total } = await shop.checkOut(cart);
    expect(state).toBe("confirmed");
    expect(await shop.stockOf("tea")).toMatchObject({ held: 0, committed: 2 });
    expect(await shop.call(payments.paymentOfOrder, { orderId })).toMatchObject({
      state: "authorised",
      authorised: total,
    });
    expect(await shop.call(shipping.shipmentsOf, { orderId })).toHaveLength(1);
    const order = await shop.call(orders.orderById, { orderId, orderToken });
    expect(order).toMatchObject({ number: 100_001, status: "confirmed", rejection: null });
    expect(order.timeline.map(({ what }) => what)).toEqual(["pending", "confirmed"]);
    expect((await shop.call(orders.cartById, cart)).state).toBe("ordered");
    expect(shop.countOf("orders.orderPlaced")).toBe(1);
    expect(shop.countOf("orders.orderConfirmed")).toBe(1);
    await expectBalance(shop);
  });

  test("rejects a declined card, puts all back, and lets the customer try again", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const first = await shop.checkOut(cart, "tok_decline");
    expect(first).toMatchObject({ state: "rejected", reason: "payment_declined" });
    expect(await shop.stockOf("tea")).toMatchObject({ held: 0, committed: 0 });
    expect((await shop.call(orders.cartById, cart)).state).toBe("open");
    const second = await shop.checkOut(cart, "tok_ok");
    expect(second.state).toBe("confirmed");
    expect(second.orderId).not.toBe(first.orderId);
    expect(shop.countOf("orders.orderConfirmed")).toBe(1);
    await expectBalance(shop);
  });

  test("rejects what is not in stock before any money is asked for", async () => {
    await using shop = await openShop(placement, { stock: 1 });
    const { checkoutId: orderId, ...checkout } = await shop.checkOut(
      await shop.filledCart({ tea: 2 }),
    );
    expect(checkout).toMatchObject({ state: "rejected", reason: "out_of_stock" });
    expect(await shop.call(payments.paymentOfOrder, { orderId })).toBeNull();
    expect(shop.placed.events.at(-1)).toMatchObject({ type: "orders.orderRejected" });
    await expectBalance(shop);
  });

  test("waits for 3-D Secure, and turns back after 12 minutes", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const { checkoutId, ...checkout } = await shop.checkOut(cart, "tok_3ds");
    expect(checkout.state).toBe("action_required");
    expect(checkout.actionUrl).not.toBeNull();
    const edit = shop.call(orders.setContact, { ...cart, email: "x@example.com" });
    await expect(edit).rejects.toMatchObject({ code: "CART_LOCKED" });
    await shop.placed.advance(13 * minuteMs);
    const late = await shop.call(orders.checkoutById, { checkoutId });
    expect(late).toMatchObject({ state: "rejected", reason: "deadline", actionUrl: null });
    expect(await shop.stockOf("tea")).toMatchObject({ held: 0, committed: 0 });
    await expectBalance(shop);
  });

  test.each(["tok_slow", "tok_timeout_before", "tok_timeout_after"])(
    "takes no answer about %s for a decline: the order is confirmed when there is one",
    async (token) => {
      await using shop = await openShop(placement);
      const cart = await shop.filledCart();
      const offer = await shop.offer(cart, token);
      const { checkoutId } = await shop.call(orders.startCheckout, offer);
      await shop.placed.advance(5 * minuteMs);
      const checkout = await shop.call(orders.checkoutById, { checkoutId });
      expect(checkout).toMatchObject({ state: "confirmed", reason: null });
      await expectBalance(shop);
    },
  );

  test.each([
    ["ok", { state: "confirmed", reason: null }],
    ["fail", { state: "rejected", reason: "payment_declined" }],
  ] as const)("ends as the bank says after 3-D Secure: %s", async (result, end) => {
    await using shop = await openShop(placement);
    const { checkoutId, actionUrl } = await shop.checkOut(await shop.filledCart(), "tok_3ds");
    const reference = decodeURIComponent(actionUrl?.split("/").at(-1) ?? "");
    await shop.call(payments.completeChallenge, { reference, result });
    await shop.placed.advance(minuteMs);
    expect(await shop.call(orders.checkoutById, { checkoutId })).toMatchObject(end);
    await expectBalance(shop);
  });

  test("gives up at once when the customer does", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const { checkoutId } = await shop.checkOut(cart, "tok_3ds");
    const access = { checkoutId, cartToken: cart.cartToken };
    await shop.call(orders.abandonCheckout, access);
    await shop.placed.settle();
    const over = await shop.call(orders.checkoutById, access);
    expect(over).toMatchObject({ state: "rejected", reason: "abandoned" });
    expect((await shop.call(orders.cartById, cart)).state).toBe("open");
    expect((await shop.call(orders.abandonCheckout, access)).state).toBe("rejected");
    await expectBalance(shop);
  });

  test("confirms nothing that was given up while its payment was on its way", async () => {
    await using shop = await openShop(placement);
    const offer = await shop.offer(await shop.filledCart(), "tok_slow");
    const { checkoutId } = await shop.call(orders.startCheckout, offer);
    await shop.placed.advance(1_000);
    await shop.call(orders.abandonCheckout, { checkoutId });
    await shop.placed.advance(minuteMs);
    const over = await shop.call(orders.checkoutById, { checkoutId });
    expect(over).toMatchObject({ state: "rejected", reason: "abandoned" });
    expect(shop.countOf("orders.orderConfirmed")).toBe(0);
    expect(await shop.stockOf("tea")).toMatchObject({ held: 0, committed: 0 });
    await expectBalance(shop);
  });

  test("cannot be given up once it is confirmed", async () => {
    await using shop = await openShop(placement);
    const { checkoutId } = await shop.checkOut(await shop.filledCart());
    await expect(shop.call(orders.abandonCheckout, { checkoutId })).rejects.toMatchObject({
      code: "CHECKOUT_DECIDED",
    });
  });

  test("survives a crash at any wait", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const { checkoutId } = await shop.checkOut(cart, "tok_3ds");
    await shop.placed.restart();
    const waiting = await shop.call(orders.checkoutById, { checkoutId });
    expect(waiting.state).toBe("action_required");
    await shop.placed.advance(13 * minuteMs);
    const late = await shop.call(orders.checkoutById, { checkoutId });
    expect(late).toMatchObject({ state: "rejected", reason: "deadline" });
    await expectBalance(shop);
  });

  test("makes one order of a double click, with the same key or with two", async () => {
    await using shop = await openShop(placement, { duplicate: false });
    const cart = await shop.filledCart();
    const offer = await shop.offer(cart, "tok_ok");
    const start = (key: string) => shop.call(orders.startCheckout, offer, { key });
    const [first, same] = await Promise.all([start("one"), start("one")]);
    expect(same).toEqual(first);
    const { checkoutId } = first;
    await expect(start("two")).rejects.toMatchObject({
      code: "CHECKOUT_IN_PROGRESS",
      data: { checkoutId },
    });
    await shop.placed.settle();
    expect(await start("one")).toEqual(first);
    await expect(start("three")).rejects.toMatchObject({ code: "CART_LOCKED" });
    expect(shop.countOf("orders.orderPlaced")).toBe(1);
    await expectBalance(shop);
  });

  test("refuses another price, another version or an incomplete cart", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const offer = await shop.offer(cart, "tok_ok");
    const price = { amount: 1_290, currency: "EUR" };
    await shop.call(products.setPrice, { variantId: shop.idOf("tea"), price });
    await expect(shop.call(orders.startCheckout, offer)).rejects.toMatchObject({
      code: "PRICE_CHANGED",
      data: { total: { amount: offer.expectedTotal.amount + 100 } },
    });
    await shop.call(orders.setContact, { ...cart, email: "new@example.com" });
    await expect(shop.call(orders.startCheckout, offer)).rejects.toMatchObject({
      code: "CART_CHANGED",
    });
    const empty = await shop.call(orders.createCart, {});
    const bare = { ...offer, ...empty, cartVersion: 1 };
    await expect(shop.call(orders.startCheckout, bare)).rejects.toMatchObject({
      code: "CART_INCOMPLETE",
      data: { missing: ["lines", "email"] },
    });
    expect(shop.countOf("orders.orderPlaced")).toBe(0);
  });

  test("never lets more orders have a coupon than its limits say (C1)", async () => {
    await using shop = await openShop(placement);
    const coupon = { code: "FEW", kind: "fixed", value: 100, usesMax: 3 } as const;
    await shop.call(orders.createCoupon, { ...coupon, usesPerCustomerMax: 1 });
    // Two spellings of each of three mailboxes.
    const mails = ["a@x.com", "A+1@x.com", "b@x.com", "B+2@X.com", "c@x.com", "c+3@x.com"];
    const offers = await Promise.all(
      mails.map(async (mail) => {
        const cart = await shop.filledCart({ tea: 1 }, mail);
        await shop.call(orders.applyCoupon, { ...cart, code: "FEW" });
        return await shop.offer(cart, "tok_ok");
      }),
    );
    const ended = await Promise.allSettled(
      offers.map((offer) => shop.call(orders.startCheckout, offer)),
    );
    await shop.placed.settle();
    const refused = ended.filter((one) => one.status === "rejected");
    expect(refused.map((one) => one.reason.code)).toEqual(
      Array.from({ length: 3 }, () => "COUPON_NOT_APPLICABLE"),
    );
    expect(shop.countOf("orders.orderConfirmed")).toBe(3);
    await expectBalance(shop);
  });

  test("gives the coupon of a rejected order back", async () => {
    await using shop = await openShop(placement);
    await shop.call(orders.createCoupon, { code: "ONE", kind: "fixed", value: 100, usesMax: 1 });
    const cart = await shop.filledCart();
    await shop.call(orders.applyCoupon, { ...cart, code: "ONE" });
    expect((await shop.checkOut(cart, "tok_decline")).state).toBe("rejected");
    expect((await shop.checkOut(cart, "tok_ok")).state).toBe("confirmed");
    const other = await shop.filledCart();
    await expect(shop.call(orders.applyCoupon, { ...other, code: "ONE" })).rejects.toMatchObject({
      data: { reason: "used_up" },
    });
    await expectBalance(shop);
  });

  test("takes the money for what is not shipped at once, and is then complete", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await shop.checkOut(await shop.filledCart({ lesson: 1 }));
    const order = await shop.call(orders.orderById, { orderId });
    expect(order.status).toBe("completed");
    expect(await shop.call(inventory.reservationOf, { orderId })).toBeNull();
    await expectBalance(shop);
  });

  test("sells each unit once to many buyers at the same moment", async () => {
    await using shop = await openShop(placement, { stock: 5, duplicate: false });
    const carts = await Promise.all(Array.from({ length: 9 }, () => shop.filledCart()));
    const ended = await Promise.all(carts.map((cart) => shop.checkOut(cart)));
    const confirmed = ended.filter(({ state }) => state === "confirmed");
    expect(confirmed).toHaveLength(5);
    expect(await shop.stockOf("tea")).toEqual({ onHand: 5, held: 0, committed: 5 });
    await expectBalance(shop);
  });
});
