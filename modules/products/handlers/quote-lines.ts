import { handler } from "#runtime";
import { products } from "../contract.ts";
import { quotesOf, taxClassOf } from "../store/products.ts";

export const quoteLines = handler(products.quoteLines, ({ variantIds }, { read }) =>
  quotesOf(read, variantIds).map(({ variant, productId, slug, state }) => ({
    variantId: variant.id,
    productId,
    slug,
    sku: variant.sku,
    title: variant.title,
    price: { amount: variant.price, currency: variant.currency },
    taxClass: taxClassOf(variant),
    weightGrams: variant.weightGrams,
    requiresShipping: variant.requiresShipping === 1,
    sellable: state === "published",
  })),
);
