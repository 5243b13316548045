import { handler } from "#runtime";
import { products } from "../contract.ts";
import { productById } from "../store/products.ts";
import { saveDocument, setState } from "../store/upkeep.ts";

export const archiveProduct = handler(
  products.archiveProduct,
  ({ productId }, { transaction, fail }) =>
    transaction((tx) => {
      const product = productById(tx, productId);
      if (product === undefined) throw fail("PRODUCT_NOT_FOUND", { product: productId });
      if (product.state === "archived") return saveDocument(tx, product.number);

      tx.emit(products.productArchived, { productId });
      return setState(tx, product, "archived");
    }),
);
