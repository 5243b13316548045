import { handler } from "#runtime";
import { products } from "../contract.ts";
import { priceProblem } from "../domain/product.ts";
import { productOf, variantById } from "../store/products.ts";
import { saveDocument, setPrice as storePrice, sumUp } from "../store/upkeep.ts";

export const setPrice = handler(products.setPrice, (input, { transaction, fail }) =>
  transaction((tx) => {
    const { variantId, price, compareAt } = input;
    const variant = variantById(tx, variantId);
    const product = variant && productOf(tx, variant);
    if (variant === undefined || product === undefined) {
      throw fail("VARIANT_NOT_FOUND", { variantId });
    }
    const reason = priceProblem(price, { compareAt, currency: variant.currency });
    if (reason !== undefined) throw fail("PRICE_INVALID", { reason });

    const next = { price: price.amount, compareAt: compareAt?.amount ?? null };
    if (variant.price === next.price && variant.compareAt === next.compareAt) {
      return saveDocument(tx, product.number);
    }
    storePrice(tx, variant, { ...next, atMs: tx.now });
    tx.emit(products.priceChanged, { variantId, price });
    tx.emit(products.productChanged, { productId: product.id });
    return sumUp(tx, product.number);
  }),
);
