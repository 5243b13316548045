import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { products } from "#modules/products";
import { placements } from "../../runtime/testing/place.ts";
import { address, openShop } from "./testing/shop.ts";

const dayMs = 24 * 60 * 60_000;

describe.each(placements)("a cart, %s", (placement) => {
  test("adds up n parallel adds of one (K1)", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.call(orders.createCart, {});
    const item = { ...cart, variantId: shop.idOf("tea"), quantity: 1 };
    await Promise.all(Array.from({ length: 8 }, () => shop.call(orders.addItem, item)));
    const { lines, version } = await shop.call(orders.cartById, cart);
    expect(lines.map(({ sku, quantity }) => [sku, quantity])).toEqual([["tea", 8]]);
    expect(version).toBe(9);
  });

  test("opens to its token and its owner, and to nobody else", async () => {
    await using shop = await openShop(placement);
    const ann = shop.placed.as({ kind: "user", userId: "usr_ann", role: "customer" });
    const bob = shop.placed.as({ kind: "user", userId: "usr_bob", role: "customer" });
    const { cartId, cartToken } = await ann.call(orders.createCart, {});
    expect(await ann.call(orders.createCart, {})).toEqual({ cartId, cartToken });
    await ann.call(orders.cartById, { cartId });
    await bob.call(orders.cartById, { cartId, cartToken });
    const denied = { code: "CART_NOT_FOUND" };
    await expect(bob.call(orders.cartById, { cartId })).rejects.toMatchObject(denied);
    const guess = { cartId, cartToken: `${cartToken.slice(0, -1)}_` };
    await expect(bob.call(orders.cartById, guess)).rejects.toMatchObject(denied);
    const other = await shop.call(orders.createCart, {});
    const crossed = { cartId, cartToken: other.cartToken };
    await expect(bob.call(orders.setContact, { ...crossed, email: "b@b.c" })).rejects.toMatchObject(
      denied,
    );
  });

  test("tells once that a price changed, and asks the new one", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart({ tea: 2 });
    const price = { amount: 1_290, currency: "EUR" };
    await shop.call(products.setPrice, { variantId: shop.idOf("tea"), price });
    const seen = await shop.call(orders.cartById, cart);
    expect(seen.changes).toEqual([{ itemId: seen.lines[0]?.itemId ?? "", what: "price" }]);
    expect(seen.totals.subtotal).toEqual({ amount: 2_580, currency: "EUR" });
    const edited = await shop.call(orders.setContact, { ...cart, email: "new@example.com" });
    expect(edited.changes).toEqual([]);
  });

  test("chooses the shipping anew when the address no longer offers it", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.filledCart();
    const before = await shop.call(orders.cartById, cart);
    const far = { ...address, country: "US", postcode: "10001" };
    const after = await shop.call(orders.setAddress, { ...cart, address: far });
    expect(after.shippingOptionId).not.toBe(before.shippingOptionId);
    expect(after.totals.tax.amount).toBe(0);
    const optionId = "no such option";
    await expect(shop.call(orders.chooseShipping, { ...cart, optionId })).rejects.toMatchObject({
      code: "OPTION_NOT_FOUND",
    });
  });

  test("refuses unknown variants, too many units, and items that it does not have", async () => {
    await using shop = await openShop(placement);
    const cart = await shop.call(orders.createCart, {});
    const tea = { ...cart, variantId: shop.idOf("tea") };
    await shop.call(orders.addItem, { ...tea, quantity: 999 });
    await expect(shop.call(orders.addItem, { ...tea, quantity: 1 })).rejects.toMatchObject({
      code: "CART_FULL",
    });
    const gone = { ...cart, variantId: "var_none", quantity: 1 };
    await expect(shop.call(orders.addItem, gone)).rejects.toMatchObject({
      code: "VARIANT_NOT_FOUND",
    });
    const none = { ...cart, itemId: "itm_none" };
    await expect(shop.call(orders.changeItem, { ...none, quantity: 1 })).rejects.toMatchObject({
      code: "ITEM_NOT_FOUND",
    });
    expect((await shop.call(orders.removeItem, none)).lines).toHaveLength(1);
    await expect(shop.call(orders.shippingOptions, cart)).rejects.toMatchObject({
      code: "ADDRESS_MISSING",
    });
  });

  test("refuses more than an amount can say, and stays as it was", async () => {
    await using shop = await openShop(placement);
    const variantId = shop.idOf("tea");
    const price = { amount: 10_000_000_000, currency: "EUR" };
    await shop.call(products.setPrice, { variantId, price });
    const cart = await shop.call(orders.createCart, {});
    const full = { code: "CART_FULL" };
    const added = shop.call(orders.addItem, { ...cart, variantId, quantity: 999 });
    await expect(added).rejects.toMatchObject(full);
    const { lines } = await shop.call(orders.addItem, { ...cart, variantId, quantity: 10 });
    const line = { ...cart, itemId: lines[0]?.itemId ?? "" };
    const changed = shop.call(orders.changeItem, { ...line, quantity: 999 });
    await expect(changed).rejects.toMatchObject(full);
    expect((await shop.call(orders.cartById, cart)).lines).toEqual(lines);
  });

  // Fifty days of every module's own timers take their time.
  test("expires 30 days after it was last touched, not after it was made", async () => {
    await using shop = await openShop(placement, { lookEveryMs: dayMs });
    const cart = await shop.call(orders.createCart, {});
    await shop.placed.advance(20 * dayMs);
    await shop.call(orders.setContact, { ...cart, email: "late@example.com" });
    await shop.placed.advance(29 * dayMs);
    expect((await shop.call(orders.cartById, cart)).state).toBe("open");
    await shop.placed.advance(2 * dayMs);
    expect((await shop.call(orders.cartById, cart)).state).toBe("expired");
    const edit = shop.call(orders.setContact, { ...cart, email: "later@example.com" });
    await expect(edit).rejects.toMatchObject({ code: "CART_LOCKED", data: { state: "expired" } });
  }, 30_000);

  test("takes no percent coupon of more than the whole price", async () => {
    await using shop = await openShop(placement);
    const coupon = { code: "ALL", kind: "percent", value: 10_001 } as const;
    await expect(shop.call(orders.createCoupon, coupon)).rejects.toMatchObject({
      code: "COUPON_TOO_HIGH",
      data: { valueMax: 10_000 },
    });
    expect(await shop.call(orders.createCoupon, { ...coupon, value: 10_000 })).toEqual({
      code: "ALL",
    });
  });

  test("shows why a coupon does not apply, and refuses it when it is put on", async () => {
    await using shop = await openShop(placement);
    const minimumSubtotal = { amount: 2_000, currency: "EUR" };
    await shop.call(orders.createCoupon, {
      code: "TEA10",
      kind: "percent",
      value: 1_000,
      minimumSubtotal,
    });
    const cart = await shop.filledCart({ tea: 2 });
    const applied = await shop.call(orders.applyCoupon, { ...cart, code: "tea10" });
    expect(applied.coupon).toEqual({ code: "TEA10", applies: true, reason: null });
    expect(applied.totals.discount.amount).toBe(238);
    const { itemId = "" } = applied.lines[0] ?? {};
    const less = await shop.call(orders.changeItem, { ...cart, itemId, quantity: 1 });
    expect(less.coupon).toEqual({ code: "TEA10", applies: false, reason: "subtotal_too_low" });
    expect(less.totals.discount.amount).toBe(0);
    await expect(shop.call(orders.applyCoupon, { ...cart, code: "NONE" })).rejects.toMatchObject({
      code: "COUPON_NOT_APPLICABLE",
      data: { reason: "unknown" },
    });
    expect((await shop.call(orders.removeCoupon, cart)).coupon).toBeNull();
  });
});
