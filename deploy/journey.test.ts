import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { address, checkOut, fillCart, given } from "./testing/buyer.ts";
import { runMain, type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

let shop: SpawnedShop;

beforeAll(async () => {
  shop = await spawnShop();
}, 60_000);
afterAll(() => shop?.[Symbol.asyncDispose]());

async function variantOf(q: string): Promise<string> {
  const found = given(
    await shop.client().products.v1.products.get({ query: { q, inStock: true } }),
  );
  const slug = found.items[0]?.slug ?? "";
  const product = given(await shop.client().products.v1.products({ slug }).get());
  return product.variants[0]?.variantId ?? "";
}

describe("a buyer's journey over HTTP", () => {
  test("goes from search to a confirmed order", async () => {
    const variantId = await variantOf("guitar");
    const cart = await fillCart(shop.client(), { variantId, coupon: "WELCOME10" });
    const answer = await checkOut(shop.url, cart, { token: "tok_ok", key: "journey-1" });
    const checkout = given(answer);
    expect(answer.status).toBe(201);
    expect(checkout).toMatchObject({ state: "confirmed", total: cart.total });
    const order = given(
      await shop
        .client()
        .orders.v1.orders({ orderId: checkout.orderId })
        .get({ headers: { "x-order-token": checkout.orderToken } }),
    );
    expect(order).toMatchObject({ status: "confirmed", couponCode: "WELCOME10", address });
  });
});
