import { handler } from "#runtime";
import { products } from "../contract.ts";
import { documentById } from "../store/products.ts";

export const productById = handler(products.productById, ({ productId }, { read, fail }) => {
  const product = documentById(read, productId);
  if (product === undefined) throw fail("PRODUCT_NOT_FOUND", { product: productId });
  return product;
});
