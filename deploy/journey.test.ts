import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../runtime/testing/eventually.ts";
import { address, checkOut, fillCart, given } from "./testing/buyer.ts";
import { customer } from "./testing/people.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

describe.each(["monolith", "split"])("in the topology %s,", (topology) => {
  let shop: SpawnedShop;

  beforeAll(async () => {
    shop = await spawnShop({ arguments: ["--topology", topology] });
  }, 60_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  async function search(query: Record<string, string | number | boolean>) {
    return given(await shop.client().products.v1.products.get({ query }));
  }

  async function productOf(q: string) {
    const { items } = await search({ q, inStock: true });
    const slug = items[0]?.slug ?? "";
    return given(await shop.client().products.v1.products({ slug }).get());
  }

  async function variantOf(q: string): Promise<string> {
    return (await productOf(q)).variants[0]?.variantId ?? "";
  }

  describe("who buys", () => {
    const email = "ada@example.com";
    const password = "a password of her own";

    test("registers, is welcomed by mail, signs in, stays signed in and is known", async () => {
      const { users, notifications } = shop.client();
      const account = { email, password, name: "Ada" };
      const registered = await users.v1.auth.register.post(account);
      expect(registered.status).toBe(202);
      expect((await users.v1.auth.register.post(account)).data).toEqual(registered.data);
      const [welcome] = await eventually(
        async () => given(await notifications.dev["mailbox.json"].get({ query: { to: email } })),
        ([mail]) => mail?.state === "sent",
      );
      expect(welcome).toMatchObject({ to: email, template: "welcome" });

      const session = given(await users.v1.auth.login.post({ email, password }));
      const { refreshToken } = session;
      const renewed = given(await users.v1.auth.refresh.post({ refreshToken }));
      expect(renewed.refreshToken).not.toBe(refreshToken);
      const headers = { authorization: `Bearer ${renewed.accessToken}` };
      const me = given(await users.v1.me.get({ headers }));
      expect(me).toMatchObject({ email, name: "Ada", role: "customer" });
    });

    test("is refused with a wrong password as with an unknown address", async () => {
      const { login } = shop.client().users.v1.auth;
      const wrong = await login.post({ email, password: "another password" });
      const unknown = await login.post({ email: "nobody@example.com", password });
      for (const { error } of [wrong, unknown]) {
        expect(error).toMatchObject({ status: 401, value: { code: "invalid_credentials" } });
      }
    });
  });

  describe("the catalogue", () => {
    test("is found by words, by their beginnings and in spite of a typing error", async () => {
      for (const q of ["guitar", "guit", "guitxar"]) {
        const titles = (await search({ q })).items.map(({ title }) => title.toLowerCase());
        expect(titles.join()).toContain("guitar");
      }
    });

    test("is narrowed by category, price, stock and option, as the facets counted", async () => {
      const all = await search({ q: "shirt", facets: true });
      const category = all.facets?.categories[0];
      const option = all.facets?.options[0];
      const query = { q: "shirt", facets: true, limit: 100 };
      const inCategory = await search({ ...query, category: category?.slug ?? "" });
      expect(inCategory.items).toHaveLength(category?.count ?? -1);
      const withOption = await search({ ...query, option: `${option?.name}:${option?.value}` });
      expect(withOption.items).toHaveLength(option?.count ?? -1);

      const dear = await search({ priceMin: 5_000, priceMax: 6_000, inStock: true, sort: "price" });
      const prices = dear.items.map(({ priceFrom }) => priceFrom.amount);
      expect(prices.length).toBeGreaterThan(1);
      expect(prices).toEqual(prices.toSorted((one, other) => one - other));
      expect(prices.every((price) => price >= 5_000 && price <= 6_000)).toBe(true);
      expect(dear.items.every(({ inStock }) => inStock)).toBe(true);
    });

    test("is paged without a gap or a repetition, and a page belongs to its search", async () => {
      const first = await search({ sort: "name", limit: 7 });
      const second = await search({ sort: "name", limit: 7, cursor: first.nextCursor ?? "" });
      const both = await search({ sort: "name", limit: 14 });
      expect([...first.items, ...second.items]).toEqual(both.items);
      const strange = { query: { sort: "price", cursor: first.nextCursor ?? "" } } as const;
      const { error } = await shop.client().products.v1.products.get(strange);
      expect(error).toMatchObject({ status: 422, value: { code: "cursor_invalid" } });
    });

    test("shows a product with its variants, prices and whether they can be had", async () => {
      const product = await productOf("guitar");
      expect(product).toMatchObject({ state: "published" });
      const variantIds = product.variants.map(({ variantId }) => variantId).join(",");
      const { availability } = shop.client().inventory.v1;
      const levels = given(await availability.get({ query: { variantIds } }));
      expect(levels.map(({ variantId }) => variantId).join()).toBe(variantIds);
      expect(levels.some(({ state }) => state !== "out")).toBe(true);
    });
  });

  describe("a cart", () => {
    async function opened() {
      const { cartId, cartToken } = given(await shop.client().orders.v1.carts.post());
      const headers = { "x-cart-token": cartToken };
      return { cart: shop.client(headers).orders.v1.carts({ cartId }), cartId, cartToken };
    }

    test("takes lines, changes and loses them, and always knows its sums", async () => {
      const { cart } = await opened();
      const [one, other] = [await variantOf("guitar"), await variantOf("violin")];
      given(await cart.items.post({ variantId: one, quantity: 1 }));
      given(await cart.items.post({ variantId: other, quantity: 1 }));
      const twice = given(await cart.items.post({ variantId: one, quantity: 2 }));
      expect(twice.lines.map(({ quantity }) => quantity)).toEqual([3, 1]);
      const [first, second] = twice.lines;
      if (first === undefined || second === undefined) throw new Error("Two lines were expected.");
      const less = given(await cart.items({ itemId: first.itemId }).patch({ quantity: 1 }));
      expect(less.lines[0]).toMatchObject({ quantity: 1, total: first.unitPrice });
      const left = given(await cart.items({ itemId: first.itemId }).delete());
      expect(left).toMatchObject({ lines: [second], totals: { subtotal: second.total } });
    });

    test("counts each of ten additions at once", async () => {
      const { cart } = await opened();
      const variantId = await variantOf("guitar");
      const add = () => cart.items.post({ variantId, quantity: 1 });
      await Promise.all(Array.from({ length: 10 }, add));
      expect(given(await cart.get()).lines).toMatchObject([{ variantId, quantity: 10 }]);
    });

    test("opens to nobody without its token", async () => {
      const { cartId } = await opened();
      for (const headers of [{}, { "x-cart-token": "guessed" }]) {
        const { error } = await shop.client(headers).orders.v1.carts({ cartId }).get();
        expect(error).toMatchObject({ status: 404, value: { code: "cart_not_found" } });
      }
    });

    test("is not ready for checkout before it has all that an order needs", async () => {
      const { cart, cartId, cartToken } = await opened();
      const { error: early } = await cart["shipping-options"].get();
      expect(early).toMatchObject({ value: { code: "address_missing" } });
      const answer = given(
        await cart.items.post({ variantId: await variantOf("tea"), quantity: 1 }),
      );
      const { version, totals } = answer;
      const bare = { cartId, cartToken, version, total: totals.total };
      const refused = await checkOut(shop.url, bare, { token: "tok_ok", key: "bare" });
      expect(refused.status).toBe(422);
      expect(refused.error?.value).toMatchObject({
        code: "cart_incomplete",
        data: { missing: ["email", "address", "shipping_option"] },
      });
    });

    test("takes contact, address, delivery and coupon, and adds them up to the cent", async () => {
      const { cart } = await opened();
      given(await cart.items.post({ variantId: await variantOf("guitar"), quantity: 1 }));
      given(await cart.contact.put({ email: "eve@example.com" }));
      given(await cart.addresses.put({ shipping: address }));
      const options = given(await cart["shipping-options"].get());
      const dearest = options.at(-1);
      if (dearest === undefined) throw new Error("Nothing is shipped to the buyer's address.");
      const { optionId } = dearest;
      given(await cart["shipping-option"].put({ optionId }));
      const whole = given(await cart.coupon.put({ code: "WELCOME10" }));
      const { subtotal, discount, shipping, total } = whole.totals;
      expect(shipping).toEqual(dearest.price);
      expect(discount.amount).toBe(Math.round(subtotal.amount / 10));
      expect(total.amount).toBe(subtotal.amount - discount.amount + shipping.amount);
      const { error } = await cart.coupon.put({ code: "NONSUCH" });
      expect(error).toMatchObject({ status: 422, value: { code: "coupon_not_applicable" } });
      const without = given(await cart.coupon.delete());
      expect(without).toMatchObject({ coupon: null, totals: { discount: { amount: 0 } } });
    });
  });

  describe("a checkout", () => {
    test("goes from search to a confirmed order, which its token opens", async () => {
      const cart = await fillCart(shop.client(), {
        variantId: await variantOf("guitar"),
        coupon: "WELCOME10",
      });
      const answer = await checkOut(shop.url, cart, { token: "tok_ok", key: "journey-1" });
      const checkout = given(answer);
      expect(answer.status).toBe(201);
      expect(checkout).toMatchObject({ state: "confirmed", total: cart.total });
      const { orderId, orderToken } = checkout;
      const order = shop.client().orders.v1.orders({ orderId });
      const byHeader = given(await order.get({ headers: { "x-order-token": orderToken } }));
      expect(byHeader).toMatchObject({ status: "confirmed", couponCode: "WELCOME10", address });
      const byLink = given(await order.get({ query: { orderToken } }));
      expect(byLink).toEqual(byHeader);
      const { error } = await order.get({ query: { orderToken: "guessed" } });
      expect(error).toMatchObject({ status: 404, value: { code: "order_not_found" } });
    });

    test("answers a repeated key with the same order, and refuses it for another", async () => {
      const cart = await fillCart(shop.client(), { variantId: await variantOf("violin") });
      const attempt = { token: "tok_ok", key: "journey-2" };
      const [one, other] = await Promise.all([
        checkOut(shop.url, cart, attempt),
        checkOut(shop.url, cart, attempt),
      ]);
      expect(given(other)).toEqual(given(one));
      const dearer = { ...cart, total: { ...cart.total, amount: cart.total.amount + 1 } };
      const { error } = await checkOut(shop.url, dearer, attempt);
      expect(error).toMatchObject({ value: { code: "idempotency_mismatch" } });
      const second = await checkOut(shop.url, cart, { ...attempt, key: "journey-3" });
      expect(second.error).toMatchObject({ status: 409 });
    });

    test("refuses a cart that was changed and a total that was not agreed to", async () => {
      const cart = await fillCart(shop.client(), { variantId: await variantOf("violin") });
      const stale = { ...cart, version: cart.version - 1 };
      const changed = await checkOut(shop.url, stale, { token: "tok_ok", key: "journey-4" });
      expect(changed.error).toMatchObject({ status: 409, value: { code: "cart_changed" } });
      const cheaper = { ...cart, total: { ...cart.total, amount: cart.total.amount - 1 } };
      const price = await checkOut(shop.url, cheaper, { token: "tok_ok", key: "journey-5" });
      expect(price.error).toMatchObject({
        status: 409,
        value: { code: "price_changed", data: { total: cart.total } },
      });
    });

    test("of a signed-in customer is theirs, and is not there for anybody else", async () => {
      const [ann, bob] = await Promise.all([
        customer(shop, "ann@example.com"),
        customer(shop, "bob@example.com"),
      ]);
      const cart = await fillCart(shop.client(ann), { variantId: await variantOf("violin") });
      const headers = { ...ann, "idempotency-key": "journey-6" };
      const { orderId } = given(
        await shop.client(headers).orders.v1.checkouts.post({
          cartId: cart.cartId,
          cartVersion: cart.version,
          expectedTotal: cart.total,
          paymentToken: "tok_ok",
        }),
      );
      const mine = given(await shop.client(ann).orders.v1.orders.get({ query: {} }));
      expect(mine.items).toMatchObject([{ orderId, status: "confirmed", total: cart.total }]);
      const order = given(await shop.client(ann).orders.v1.orders({ orderId }).get());
      expect(order.orderId).toBe(orderId);

      const theirs = given(await shop.client(bob).orders.v1.orders.get({ query: {} }));
      expect(theirs.items).toEqual([]);
      for (const stranger of [bob, {}]) {
        const { error } = await shop.client(stranger).orders.v1.orders({ orderId }).get();
        expect(error).toMatchObject({ status: 404, value: { code: "order_not_found" } });
      }
      const { error } = await shop.client().orders.v1.orders.get({ query: {} });
      expect(error).toMatchObject({ status: 401 });
    });
  });
});
