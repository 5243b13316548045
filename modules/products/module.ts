import { defineModule } from "#runtime";
import { products } from "./contract.ts";
import { archiveProduct } from "./handlers/archive-product.ts";
import { categories } from "./handlers/categories.ts";
import { createProduct } from "./handlers/create-product.ts";
import { createVariant } from "./handlers/create-variant.ts";
import { importCatalogue } from "./handlers/import-catalogue.ts";
import { productById } from "./handlers/product-by-id.ts";
import { productBySlug } from "./handlers/product-by-slug.ts";
import { publishProduct } from "./handlers/publish-product.ts";
import { quoteLines } from "./handlers/quote-lines.ts";
import { searchProducts } from "./handlers/search-products.ts";
import { setPrice } from "./handlers/set-price.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import { onStockCameBack } from "./reactions/on-stock-came-back.ts";
import { onStockRanOut } from "./reactions/on-stock-ran-out.ts";
import * as schema from "./schema.ts";

export default defineModule({
  contract: products,
  handlers: {
    searchProducts,
    productBySlug,
    productById,
    categories,
    quoteLines,
    createProduct,
    createVariant,
    setPrice,
    publishProduct,
    archiveProduct,
    importCatalogue,
  },
  reactions: [onStockRanOut, onStockCameBack],
  schema,
  migrations: [{ name: "0000_initial", sql: initial }],
});
