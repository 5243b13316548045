import { handler } from "#runtime";
import { products } from "../contract.ts";
import { priceProblem, variantTitle } from "../domain/product.ts";
import { hasSku, productById, variantsOf } from "../store/products.ts";
import { addVariant, sumUp } from "../store/upkeep.ts";

/** A product is shown whole, to everybody who looks at it. */
const VARIANTS_MAX = 100;

export const createVariant = handler(products.createVariant, (input, { transaction, fail }) =>
  transaction((tx) => {
    const { productId, ...variant } = input;
    const product = productById(tx, productId);
    if (product === undefined) throw fail("PRODUCT_NOT_FOUND", { product: productId });
    if (hasSku(tx, variant.sku)) throw fail("SKU_TAKEN", { sku: variant.sku });
    const siblings = variantsOf(tx, product.number);
    if (siblings.length >= VARIANTS_MAX) throw fail("PRODUCT_FULL", { variantsMax: VARIANTS_MAX });
    const currency = siblings[0]?.currency;
    const reason = priceProblem(variant.price, { compareAt: undefined, currency });
    if (reason !== undefined) throw fail("PRICE_INVALID", { reason });

    const variantId = tx.newId("var");
    const title = variantTitle(product.title, variant.options);
    addVariant(tx, product.number, { ...variant, variantId, title });
    tx.emit(products.variantCreated, { productId, variantId, sku: variant.sku });
    tx.emit(products.productChanged, { productId });
    return sumUp(tx, product.number);
  }),
);
