import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, type FullCart, fillCart, given } from "./testing/buyer.ts";
import { asSystem, stockLittleShop } from "./testing/little-shop.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

describe.each(["monolith", "split"])("in the topology %s,", (topology) => {
  const UNITS = 100;
  let shop: SpawnedShop;
  let variantId: string;

  beforeAll(async () => {
    shop = await spawnShop({ arguments: ["--no-demo", "--topology", topology] });
    ({ variantId } = await stockLittleShop(shop, { units: UNITS }));
  }, 60_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  const filled = () => fillCart(shop.client(), { variantId });

  function pay(cart: FullCart, token: string) {
    return checkOut(shop.url, cart, { token, key: `${cart.cartId} ${token}`.replace(" ", "-") });
  }

  function stateOf(cart: FullCart, checkoutId: string) {
    const headers = { "x-cart-token": cart.cartToken };
    return shop.client(headers).orders.v1.checkouts({ checkoutId }).get();
  }

  async function ended(cart: FullCart, checkoutId: string) {
    return await eventually(
      async () => given(await stateOf(cart, checkoutId)),
      ({ state }) => state === "confirmed" || state === "rejected",
    );
  }

  /** What an order that came to nothing leaves behind. */
  async function expectNothingLeft(orderId: string): Promise<void> {
    await eventually(
      () => asSystem(shop.folder, payments.paymentOfOrder, { orderId }),
      (payment) => ["declined", "voided", "expired"].includes(payment?.state ?? ""),
    );
    const reservation = await asSystem(shop.folder, inventory.reservationOf, { orderId });
    expect(reservation?.state).toBe("released");
  }

  /** The cart is the customer's again: another card buys it. */
  async function expectBuyable(cart: FullCart): Promise<void> {
    const headers = { "x-cart-token": cart.cartToken };
    const { cartId } = cart;
    const open = given(await shop.client(headers).orders.v1.carts({ cartId }).get());
    expect(open).toMatchObject({ state: "open", totals: { total: cart.total } });
    const answer = await pay({ ...cart, version: open.version }, "tok_ok");
    expect(answer).toMatchObject({ status: 201, data: { state: "confirmed" } });
  }

  describe("a card that", () => {
    test("is good confirms the order at once, for exactly the total agreed to", async () => {
      const cart = await filled();
      const answer = await pay(cart, "tok_ok");
      expect(answer).toMatchObject({
        status: 201,
        data: { state: "confirmed", total: cart.total },
      });
      const { orderId } = given(answer);
      const payment = await asSystem(shop.folder, payments.paymentOfOrder, { orderId });
      expect(payment).toMatchObject({ state: "authorised", authorised: cart.total });
      const headers = { "x-cart-token": cart.cartToken };
      const { checkoutId } = given(answer);
      const checkout = shop.client(headers).orders.v1.checkouts({ checkoutId });
      const { error } = await checkout.abandon.post();
      expect(error).toMatchObject({ status: 409, value: { code: "checkout_decided" } });
    });

    test("declines leaves nothing behind, and another card buys the same cart", async () => {
      const cart = await filled();
      const { error } = await pay(cart, "tok_decline");
      const value = { code: "payment_declined", data: { state: "rejected" } };
      expect(error).toMatchObject({ status: 422, value });
      const refused: unknown = error?.value;
      await expectNothingLeft(orderIdIn(refused));
      await expectBuyable(cart);
    });

    test.each(["tok_slow", "tok_timeout_before", "tok_timeout_after"])(
      "answers late or not at all, %s, charges once and is confirmed in the end",
      async (token) => {
        const cart = await filled();
        const answer = await pay(cart, token);
        expect([201, 202]).toContain(answer.status);
        const { checkoutId, orderId } = given(answer);
        expect(await ended(cart, checkoutId)).toMatchObject({ state: "confirmed" });
        const payment = await asSystem(shop.folder, payments.paymentOfOrder, { orderId });
        expect(payment).toMatchObject({ attempt: 1, state: "authorised", authorised: cart.total });
      },
      30_000,
    );
  });

  describe("a card that asks its holder", () => {
    async function asked() {
      const cart = await filled();
      const answer = await pay(cart, "tok_3ds");
      expect(answer).toMatchObject({ status: 202, data: { state: "action_required" } });
      const { checkoutId, orderId, actionUrl } = given(answer);
      if (actionUrl === null) throw new Error("There is no address to go to.");
      return { cart, checkoutId, orderId, actionUrl };
    }

    /** What a browser sends when a button of the bank's page is pressed. */
    async function press(actionUrl: string, button: string) {
      const page = await (await fetch(actionUrl)).text();
      const form = page.match(new RegExp(`action="([^"]+)"><button>${button}<`))?.[1] ?? "";
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      return await fetch(new URL(form, actionUrl), { method: "POST", headers });
    }

    test("is confirmed when they allow it at the bank's page", async () => {
      const { cart, checkoutId, orderId, actionUrl } = await asked();
      const pressed = await press(actionUrl, "Allow");
      expect(pressed.status).toBe(200);
      expect(await pressed.text()).toContain("This payment is decided.");
      expect(await ended(cart, checkoutId)).toMatchObject({ state: "confirmed", actionUrl: null });
      const payment = await asSystem(shop.folder, payments.paymentOfOrder, { orderId });
      expect(payment).toMatchObject({ state: "authorised", authorised: cart.total });
    });

    test("is rejected when they refuse, and the cart can be bought with another", async () => {
      const { cart, checkoutId, orderId, actionUrl } = await asked();
      await press(actionUrl, "Refuse");
      expect(await ended(cart, checkoutId)).toMatchObject({
        state: "rejected",
        reason: "payment_declined",
      });
      await expectNothingLeft(orderId);
      await expectBuyable(cart);
    });

    test("tells the shop only by the bank: asking for confirmation does not confirm", async () => {
      const { cart, checkoutId, orderId } = await asked();
      const payment = await asSystem(shop.folder, payments.paymentOfOrder, { orderId });
      const paid = shop.client().payments.v1.payments({ id: payment?.paymentId ?? "" });
      expect(given(await paid.confirm.post())).toMatchObject({ state: "action_required" });
      expect(given(await stateOf(cart, checkoutId))).toMatchObject({ state: "action_required" });
      expect(given(await paid.get())).toMatchObject({ state: "action_required" });
    });

    test("is given up on request; a late consent buys nothing", async () => {
      const { cart, checkoutId, orderId, actionUrl } = await asked();
      const headers = { "x-cart-token": cart.cartToken };
      const checkout = shop.client(headers).orders.v1.checkouts({ checkoutId });
      const stranger = await shop.client().orders.v1.checkouts({ checkoutId }).abandon.post();
      expect(stranger.error).toMatchObject({ status: 404 });
      given(await checkout.abandon.post());
      expect(await ended(cart, checkoutId)).toMatchObject({
        state: "rejected",
        reason: "abandoned",
      });
      const late = await fetch(`${actionUrl}?result=ok`, { method: "POST" });
      expect(late.status).toBeLessThan(500);
      await expectNothingLeft(orderId);
      expect(given(await checkout.abandon.post())).toMatchObject({ reason: "abandoned" });
      await expectBuyable(cart);
    });
  });

  describe("in the end", () => {
    test("the books of the shop balance", async () => {
      const books = await asSystem(shop.folder, orders.reconcile, {});
      expect(books.violations).toEqual([]);
      expect(books.checkedOrders).toBeGreaterThan(9);
    });
  });

  function orderIdIn(problem: unknown): string {
    const found = JSON.stringify(problem).match(/"orderId":"(ord_[^"]+)"/)?.[1];
    if (found === undefined) throw new Error(`No order is named in ${JSON.stringify(problem)}.`);
    return found;
  }
});
