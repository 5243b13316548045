import { handler } from "#runtime";
import { products } from "../contract.ts";
import { publication } from "../domain/product.ts";
import { productById, stateOf, variantsOf } from "../store/products.ts";
import { saveDocument, setState } from "../store/upkeep.ts";

export const publishProduct = handler(
  products.publishProduct,
  ({ productId }, { transaction, fail }) =>
    transaction((tx) => {
      const product = productById(tx, productId);
      if (product === undefined) throw fail("PRODUCT_NOT_FOUND", { product: productId });
      const { number, slug } = product;

      const decision = publication(stateOf(product), variantsOf(tx, number).length);
      switch (decision.kind) {
        case "unchanged":
          return saveDocument(tx, number);
        case "without-variants":
          throw fail("NO_VARIANTS", { productId });
        case "archived":
          throw fail("ILLEGAL_TRANSITION", { from: "archived", to: "published" });
        case "publish":
          tx.emit(products.productPublished, { productId, slug });
          return setState(tx, { number, publishedAtMs: tx.now }, "published");
      }
    }),
);
