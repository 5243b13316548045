import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { products } from "#modules/products";
import type { Call, Contract } from "#runtime";
import { parse } from "../runtime/contract/check.ts";
import { t } from "../runtime/index.ts";

/** Products brought in by one call, and stock rows by another, at most. */
const PRODUCTS_AT_ONCE = 250;
const STOCK_AT_ONCE = 1_000;

const { categories, products: offered } = products.importCatalogue.input.properties;
const { variants, ...product } = offered.items.properties;
const quantity = t.Integer({ minimum: 0 });

/** The catalogue's file: what products imports, and the stock of each variant beside it. */
const Catalogue = t.Object({
  categories,
  products: t.Array(
    t.Object({
      ...product,
      variants: t.Array(t.Object({ ...variants.items.properties, stock: quantity })),
    }),
  ),
});
const catalogueFile = new URL("../modules/products/seed/catalogue.json", import.meta.url);

/** Coupons of the demo shop: one of each kind, and one that runs out. */
const coupons = [
  { code: "WELCOME10", kind: "percent", value: 1_000 },
  { code: "FIVER", kind: "fixed", value: 500 },
  { code: "FREESHIP", kind: "free_shipping", value: 0 },
  { code: "FIRST20", kind: "percent", value: 2_000, usesMax: 20, usesPerCustomerMax: 1 },
] as const;

/**
 * Fills an empty shop with the demo catalogue, its stock and some coupons. Every call of it is
 * keyed or adds only what is missing, so it can go on after it was cut short.
 */
export async function demo(call: Call<Contract>): Promise<void> {
  const catalogue = parse(Catalogue, await Bun.file(catalogueFile).json(), "The demo catalogue");
  await call(products.importCatalogue, { categories: catalogue.categories, products: [] });
  for (const batch of batches(catalogue.products, PRODUCTS_AT_ONCE)) {
    const stock = new Map<string, number>();
    for (const { sku, stock: quantity } of batch.flatMap((one) => one.variants)) {
      stock.set(sku, quantity);
    }
    const added = await call(products.importCatalogue, { categories: [], products: batch });
    const lines = added.variants.map(({ sku, variantId }) => ({
      variantId,
      quantity: stock.get(sku) ?? 0,
    }));
    for (const some of batches(lines, STOCK_AT_ONCE)) {
      await call(inventory.stockUp, { lines: some });
    }
  }
  for (const coupon of coupons) {
    await call(orders.createCoupon, coupon, { key: `demo-${coupon.code}` });
  }
}

function batches<T>(all: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size));
  return groups;
}
