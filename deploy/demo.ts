import { inventory } from "#modules/inventory";
import { orders } from "#modules/orders";
import { products } from "#modules/products";
import type { Call, Contract } from "#runtime";

/** Products brought in by one call, and stock rows by another, at most. */
const PRODUCTS_AT_ONCE = 250;
const STOCK_AT_ONCE = 1_000;

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
  const { default: catalogue } = await import("../modules/products/seed/catalogue.json");
  await call(products.importCatalogue, { categories: catalogue.categories, products: [] });
  for (const batch of batches(catalogue.products, PRODUCTS_AT_ONCE)) {
    const stock = new Map<string, number>();
    const offered = batch.map(({ variants, ...product }) => ({
      ...product,
      variants: variants.map(({ stock: quantity, ...variant }) => {
        stock.set(variant.sku, quantity);
        return {
          ...variant,
          taxClass: taxClassOf(variant.taxClass),
          options: defined(variant.options),
        };
      }),
    }));
    const { variants } = await call(products.importCatalogue, {
      categories: [],
      products: offered,
    });
    const lines = variants.map(({ sku, variantId }) => ({
      variantId,
      quantity: stock.get(sku) ?? 0,
    }));
    for (const some of batches(lines, STOCK_AT_ONCE))
      await call(inventory.stockUp, { lines: some });
  }
  for (const coupon of coupons)
    await call(orders.createCoupon, coupon, { key: `demo-${coupon.code}` });
}

function batches<T>(all: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let at = 0; at < all.length; at += size) groups.push(all.slice(at, at + size));
  return groups;
}

function taxClassOf(name: string): "standard" | "reduced" | "zero" {
  if (name === "standard" || name === "reduced" || name === "zero") return name;
  throw new Error(`The demo catalogue has the unknown tax class ${name}.`);
}

/**
 * JSON modules are typed by the union of their rows, where an option that a row lacks is
 * undefined.
 */
function defined(options: Record<string, string | undefined>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(options)) if (value !== undefined) found[name] = value;
  return found;
}
