import { handler, type InputOf, type Transaction } from "#runtime";
import { categoriesMax, categoryDepthMax, products } from "../contract.ts";
import { priceProblem, variantTitle } from "../domain/product.ts";
import {
  allCategories,
  categoryBySlug,
  hasSku,
  numberOf,
  type Product,
  variantsOf,
} from "../store/products.ts";
import {
  addCategory,
  addProduct,
  addVariant,
  mergeSearchIndex,
  saveDocument,
} from "../store/upkeep.ts";

/** Products brought in at once from which on merging the search index is worth its time. */
const MERGE_FROM = 50;

type Input = InputOf<typeof products.importCatalogue>;
type Imported = Input["products"][number];

export const importCatalogue = handler(products.importCatalogue, (input, { transaction, fail }) =>
  transaction((tx) => {
    const category = categoriesOf(tx);
    let count = allCategories(tx).length;
    for (const { slug, title, parent } of input.categories) {
      if (category(slug) !== undefined) continue;
      const above = parent === null ? undefined : category(parent);
      if (parent !== null && above === undefined) {
        throw fail("CATEGORY_NOT_FOUND", { category: parent });
      }
      count += 1;
      if (count > categoriesMax || (above?.path.length ?? 0) >= categoryDepthMax) {
        throw fail("CATEGORIES_FULL", { categoriesMax, depthMax: categoryDepthMax });
      }
      addCategory(tx, { slug, title }, above);
    }

    const variants: { sku: string; variantId: string }[] = [];
    let added = 0;
    for (const product of input.products) {
      const known = numberOf(tx, product.slug);
      if (known !== undefined) {
        variants.push(...variantsOf(tx, known).map(({ sku, id }) => ({ sku, variantId: id })));
        continue;
      }
      const place = category(product.category);
      if (place === undefined) throw fail("CATEGORY_NOT_FOUND", { category: product.category });
      const reason = problemOf(product);
      if (reason !== undefined) throw fail("PRICE_INVALID", { reason });
      const taken = product.variants.find(({ sku }) => hasSku(tx, sku)) ?? repeated(product);
      if (taken !== undefined) throw fail("SKU_TAKEN", { sku: taken.sku });
      variants.push(...addPublished(tx, product, place));
      added += 1;
    }
    if (added >= MERGE_FROM) mergeSearchIndex(tx);
    return { added, variants };
  }),
);

/** Looks categories up once for the whole import. */
function categoriesOf(tx: Transaction): (slug: string) => Product["category"] | undefined {
  const found = new Map<string, Product["category"]>();
  return (slug) => {
    const known = found.get(slug) ?? categoryBySlug(tx, slug);
    if (known !== undefined) found.set(slug, known);
    return known;
  };
}

function problemOf({ slug, variants }: Imported): string | undefined {
  const currency = variants[0]?.price.currency;
  for (const { price } of variants) {
    const problem = priceProblem(price, { compareAt: undefined, currency });
    if (problem !== undefined) return `${slug}: ${problem}`;
  }
  return undefined;
}

function repeated({ variants }: Imported): { sku: string } | undefined {
  return variants.find(({ sku }, index) => variants.findIndex((one) => one.sku === sku) !== index);
}

function addPublished(tx: Transaction, product: Imported, category: Product["category"]) {
  const productId = tx.newId("prd");
  const [first, ...others] = product.variants.map(({ price }) => price);
  const number = addProduct(tx, {
    ...product,
    id: productId,
    category,
    state: "published",
    priceFrom: {
      amount: Math.min(first?.amount ?? 0, ...others.map(({ amount }) => amount)),
      currency: first?.currency ?? "",
    },
    publishedAtMs: tx.now,
  });
  const variants = product.variants.map((variant) => {
    const variantId = tx.newId("var");
    const title = variantTitle(product.title, variant.options);
    addVariant(tx, number, { ...variant, variantId, title });
    tx.emit(products.variantCreated, { productId, variantId, sku: variant.sku });
    return { sku: variant.sku, variantId };
  });
  saveDocument(tx, number);
  tx.emit(products.productPublished, { productId, slug: product.slug });
  return variants;
}
