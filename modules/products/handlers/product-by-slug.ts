import { handler, isStaff } from "#runtime";
import { products } from "../contract.ts";
import { documentBySlug } from "../store/products.ts";

export const productBySlug = handler(
  products.productBySlug,
  ({ slug }, { read, identity, fail }) => {
    const product = documentBySlug(read, slug);
    if (product?.state === "published") return product;
    if (product === undefined || !isStaff(identity)) {
      throw fail("PRODUCT_NOT_FOUND", { product: slug });
    }
    return product;
  },
);
