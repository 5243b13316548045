import { and, eq, sql } from "drizzle-orm";
import { type Write, writes } from "#runtime";
import { nameKey } from "../domain/product.ts";
import { marked, vocabularyOf } from "../domain/words.ts";
import * as schema from "../schema.ts";
import {
  categories,
  formerPrices,
  knownWords,
  productCategories,
  productDocuments,
  productOptions,
  products,
  productWords,
  productWordsCommand,
  variants,
  wordTrigrams,
  wordTrigramsCommand,
} from "../schema.ts";
import {
  categoryBySlug,
  type Product,
  type ProductRow,
  productByNumber,
  stateOf,
  taxClassOf,
  type Variant,
  type VariantRow,
  variantsOf,
} from "./products.ts";

const at = (name: string) => sql.placeholder(name);

const write = writes(schema, (db) => ({
  addCategory: db
    .insert(categories)
    .values({ slug: at("slug"), title: at("title"), parent: at("parent"), path: at("path") })
    .prepare(),
  addProduct: db
    .insert(products)
    .values({
      id: at("id"),
      slug: at("slug"),
      title: at("title"),
      nameKey: at("nameKey"),
      description: at("description"),
      synonyms: at("synonyms"),
      category: at("category"),
      state: at("state"),
      version: 1,
      priceFrom: at("priceFrom"),
      currency: at("currency"),
      inStock: 0,
      publishedAtMs: at("publishedAtMs"),
    })
    .prepare(),
  addVariant: db
    .insert(variants)
    .values({
      id: at("id"),
      sku: at("sku"),
      product: at("product"),
      title: at("title"),
      options: at("options"),
      price: at("price"),
      compareAt: null,
      currency: at("currency"),
      weightGrams: at("weightGrams"),
      taxClass: at("taxClass"),
      requiresShipping: at("requiresShipping"),
      inStock: 0,
    })
    .prepare(),
  addToCategory: db
    .insert(productCategories)
    .values({ category: at("category"), product: at("product") })
    .prepare(),
  addOption: db
    .insert(productOptions)
    .values({ product: at("product"), name: at("name"), value: at("value") })
    .onConflictDoNothing()
    .prepare(),
  addWords: db
    .insert(productWords)
    .values({
      rowid: at("rowid"),
      title: at("title"),
      synonyms: at("synonyms"),
      category: at("category"),
      description: at("description"),
    })
    .prepare(),
  mergeWords: db.insert(productWordsCommand).values({ command: "optimize" }).prepare(),
  mergeTrigrams: db.insert(wordTrigramsCommand).values({ command: "optimize" }).prepare(),
  addKnownWord: db
    .insert(knownWords)
    .values({ word: at("word") })
    .onConflictDoNothing()
    .prepare(),
  addTrigrams: db
    .insert(wordTrigrams)
    .values({ rowid: at("rowid"), word: at("word") })
    .prepare(),
  setDocument: db
    .insert(productDocuments)
    .values({ number: at("number"), document: at("document") })
    .onConflictDoUpdate({
      target: productDocuments.number,
      set: { document: sql`excluded.document` },
    })
    .prepare(),
  sumUp: db
    .update(products)
    .set({
      version: sql`${products.version} + 1`,
      priceFrom: sql`(select min(price) from variants where product = ${products.number})`,
      currency: sql`(select min(currency) from variants where product = ${products.number})`,
    })
    .where(eq(products.number, at("number")))
    .prepare(),
  setState: db
    .update(products)
    .set({
      state: sql`${at("state")}`,
      publishedAtMs: sql`${at("publishedAtMs")}`,
      version: sql`${products.version} + 1`,
    })
    .where(eq(products.number, at("number")))
    .prepare(),
  setPrice: db
    .update(variants)
    .set({ price: sql`${at("price")}`, compareAt: sql`${at("compareAt")}` })
    .where(eq(variants.id, at("id")))
    .prepare(),
  keepPrice: db
    .insert(formerPrices)
    .values({
      variant: at("variant"),
      price: at("price"),
      compareAt: at("compareAt"),
      currency: at("currency"),
      untilMs: at("untilMs"),
    })
    .prepare(),
  setVariantStock: db
    .update(variants)
    .set({ inStock: sql`${at("inStock")}` })
    .where(and(eq(variants.id, at("id")), sql`${variants.inStock} <> ${at("inStock")}`))
    .prepare(),
  setProductStock: db
    .update(products)
    .set({ inStock: sql`(select max(in_stock) from variants where product = ${products.number})` })
    .where(sql`${products.number} = (select product from variants where id = ${at("id")})`)
    .prepare(),
}));

/** Adds a category under another, or at the top. */
export function addCategory(
  tx: Write,
  { slug, title }: { slug: string; title: string },
  parent: Product["category"] | undefined,
): void {
  const path = JSON.stringify([...(parent?.path ?? []), { slug, title }]);
  write(tx).addCategory.run({ slug, title, parent: parent?.slug ?? null, path });
}

/** What is new about a product; the rest follows from its variants. */
export interface NewProduct extends Pick<Product, "slug" | "title" | "description" | "synonyms"> {
  readonly id: string;
  readonly category: Product["category"];
  readonly state: Product["state"];
  /** Of its variants; a draft has none yet. */
  readonly priceFrom: { readonly amount: number; readonly currency: string };
  readonly publishedAtMs: number;
}

/** Adds a product, to its categories and to the search, and returns its number. */
export function addProduct(tx: Write, product: NewProduct): number {
  const { id, slug, title, description, category, state, priceFrom, publishedAtMs } = product;
  const added = write(tx).addProduct.run({
    id,
    slug,
    title,
    nameKey: nameKey(title),
    description,
    synonyms: JSON.stringify(product.synonyms),
    category: category.slug,
    state,
    priceFrom: priceFrom.amount,
    currency: priceFrom.currency,
    publishedAtMs,
  });
  const number = Number(added.lastInsertRowid);
  for (const { slug } of category.path) {
    write(tx).addToCategory.run({ category: slug, product: number });
  }
  addToSearch(tx, number, product);
  return number;
}

function addToSearch(tx: Write, rowid: number, product: NewProduct): void {
  const { title, description, synonyms, category } = product;
  write(tx).addWords.run({
    rowid,
    title,
    synonyms: synonyms.join(", "),
    category: category.path.map((one) => one.title).join(", "),
    description,
  });
  for (const word of vocabularyOf([title, ...synonyms])) {
    const added = write(tx).addKnownWord.run({ word });
    if (added.changes === 0) continue;
    write(tx).addTrigrams.run({ rowid: Number(added.lastInsertRowid), word: marked(word) });
  }
}

/** Adds a variant; `saveDocument` or `sumUp` must follow in the same transaction. */
export function addVariant(tx: Write, product: number, variant: Omit<Variant, "compareAt">): void {
  write(tx).addVariant.run({
    id: variant.variantId,
    sku: variant.sku,
    product,
    title: variant.title,
    options: JSON.stringify(variant.options),
    price: variant.price.amount,
    currency: variant.price.currency,
    weightGrams: variant.weightGrams,
    taxClass: variant.taxClass,
    requiresShipping: variant.requiresShipping ? 1 : 0,
  });
  for (const [name, value] of Object.entries(variant.options)) {
    write(tx).addOption.run({ product, name, value });
  }
}

/** Brings a product's lowest price and version up to date after a change of its variants. */
export function sumUp(tx: Write, product: number): Product {
  write(tx).sumUp.run({ number: product });
  return saveDocument(tx, product);
}

/** Sets a product's state. */
export function setState(
  tx: Write,
  { number, publishedAtMs }: { number: number; publishedAtMs: number },
  state: Product["state"],
): Product {
  write(tx).setState.run({ number, state, publishedAtMs });
  return saveDocument(tx, number);
}

/** Sets a variant's price and keeps the former one; `sumUp` must follow in the same transaction. */
export function setPrice(
  tx: Write,
  former: VariantRow,
  next: { price: number; compareAt: number | null; atMs: number },
): void {
  const { id, price, compareAt, currency } = former;
  write(tx).keepPrice.run({ variant: id, price, compareAt, currency, untilMs: next.atMs });
  write(tx).setPrice.run({ id, price: next.price, compareAt: next.compareAt });
}

/**
 * Merges the full-text indexes, which grow in segments: after a large import, to rank the products
 * that match a word takes a third of the time. It costs some 25 ms.
 */
export function mergeSearchIndex(tx: Write): void {
  write(tx).mergeWords.run();
  write(tx).mergeTrigrams.run();
}

/** Notes whether a variant can be had; an unknown variant changes nothing. */
export function setStock(tx: Write, variantId: string, inStock: boolean): void {
  const changed = write(tx).setVariantStock.run({ id: variantId, inStock: inStock ? 1 : 0 });
  if (changed.changes === 0) return;
  write(tx).setProductStock.run({ id: variantId });
}

/** Writes the product as the contract shows it, and returns it. */
export function saveDocument(tx: Write, number: number): Product {
  const row = productByNumber(tx, number);
  const category = row && categoryBySlug(tx, row.category);
  if (row === undefined || category === undefined) {
    throw new Error(`Product ${number} or its category is missing within its own transaction.`);
  }
  const product = documentOf(row, category, variantsOf(tx, number));
  write(tx).setDocument.run({ number, document: JSON.stringify(product) });
  return product;
}

function documentOf(
  row: ProductRow,
  category: Product["category"],
  rows: readonly VariantRow[],
): Product {
  return {
    productId: row.id,
    slug: row.slug,
    title: row.title,
    description: row.description,
    synonyms: JSON.parse(row.synonyms),
    state: stateOf(row),
    category,
    variants: rows.map(shownVariant),
    version: row.version,
  };
}

function shownVariant(row: VariantRow): Variant {
  const { currency } = row;
  return {
    variantId: row.id,
    sku: row.sku,
    title: row.title,
    options: JSON.parse(row.options),
    price: { amount: row.price, currency },
    compareAt: row.compareAt === null ? null : { amount: row.compareAt, currency },
    weightGrams: row.weightGrams,
    taxClass: taxClassOf(row),
    requiresShipping: row.requiresShipping === 1,
  };
}
