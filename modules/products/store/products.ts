import { asc, eq, sql } from "drizzle-orm";
import { type OutputOf, type Read, reads } from "#runtime";
import type { products as contract } from "../contract.ts";
import * as schema from "../schema.ts";
import { categories, productDocuments, products, variants } from "../schema.ts";
import { memory } from "./memory.ts";

export type Product = OutputOf<typeof contract.productById>;
export type ProductRow = typeof products.$inferSelect;
export type VariantRow = typeof variants.$inferSelect;
export type Variant = Product["variants"][number];

const DOCUMENTS_MAX = 1_000;
/** Variants, options and hundreds of characters that are remembered of recent pages. */
const PARTS_MAX = 50_000;
const at = (name: string) => sql.placeholder(name);

const read = reads(schema, { stablePlans: true }, (db) => {
  const documents = () =>
    db
      .select({ state: products.state, document: productDocuments.document })
      .from(products)
      .innerJoin(productDocuments, eq(productDocuments.number, products.number));
  return {
    documentBySlug: documents()
      .where(eq(products.slug, at("slug")))
      .prepare(),
    documentById: documents()
      .where(eq(products.id, at("id")))
      .prepare(),
    productById: db
      .select()
      .from(products)
      .where(eq(products.id, at("id")))
      .prepare(),
    productByNumber: db
      .select()
      .from(products)
      .where(eq(products.number, at("number")))
      .prepare(),
    numberOf: db
      .select({ number: products.number })
      .from(products)
      .where(eq(products.slug, at("slug")))
      .prepare(),
    variantById: db
      .select()
      .from(variants)
      .where(eq(variants.id, at("id")))
      .prepare(),
    variantBySku: db
      .select()
      .from(variants)
      .where(eq(variants.sku, at("sku")))
      .prepare(),
    variantsOf: db
      .select()
      .from(variants)
      .where(eq(variants.product, at("product")))
      .orderBy(asc(variants.number))
      .prepare(),
    category: db
      .select()
      .from(categories)
      .where(eq(categories.slug, at("slug")))
      .prepare(),
    categories: db
      .select({ slug: categories.slug, title: categories.title, parent: categories.parent })
      .from(categories)
      .orderBy(asc(categories.position))
      .prepare(),
    quote: db
      .select({
        variant: variants,
        productId: products.id,
        slug: products.slug,
        state: products.state,
      })
      .from(variants)
      .innerJoin(products, eq(products.number, variants.product))
      .where(eq(variants.id, at("id")))
      .prepare(),
  };
});

const rememberedDocument = memory<Product | undefined>({
  answersMax: DOCUMENTS_MAX,
  weightMax: PARTS_MAX,
  weigh: partsOf,
});

function partsOf(product: Product | undefined): number {
  if (product === undefined) return 1;
  const { description, synonyms, variants } = product;
  const options = variants.reduce((sum, one) => sum + Object.keys(one.options).length, 0);
  return 1 + description.length / 100 + synonyms.length + variants.length + options;
}

/** A product as the contract shows it, by its slug; it is immutable. */
export function documentBySlug(on: Read, slug: string): Product | undefined {
  return rememberedDocument(on, slug, () =>
    parsed(read(on).documentBySlug.get({ slug })?.document),
  );
}

/** A product as the contract shows it, by its id. */
export function documentById(on: Read, id: string): Product | undefined {
  return parsed(read(on).documentById.get({ id })?.document);
}

function parsed(document: string | undefined): Product | undefined {
  return document === undefined ? undefined : JSON.parse(document);
}

/** A product's own row, by its id. */
export function productById(on: Read, id: string): ProductRow | undefined {
  return read(on).productById.get({ id });
}

/** The number under which a slug is stored. */
export function numberOf(on: Read, slug: string): number | undefined {
  return read(on).numberOf.get({ slug })?.number;
}

/** A variant's own row, by its id. */
export function variantById(on: Read, id: string) {
  return read(on).variantById.get({ id });
}

/** A product's own row, by its number. */
export function productByNumber(on: Read, number: number): ProductRow | undefined {
  return read(on).productByNumber.get({ number });
}

/** The product that a variant belongs to. */
export function productOf(on: Read, variant: VariantRow): ProductRow | undefined {
  return productByNumber(on, variant.product);
}

/** Whether some variant has this SKU. */
export function hasSku(on: Read, sku: string): boolean {
  return read(on).variantBySku.get({ sku }) !== undefined;
}

/** The variants of a product, oldest first. */
export function variantsOf(on: Read, product: number) {
  return read(on).variantsOf.all({ product });
}

/** One category with the path to it. */
export function categoryBySlug(on: Read, slug: string): Product["category"] | undefined {
  const row = read(on).category.get({ slug });
  return row && { slug, title: row.title, path: JSON.parse(row.path) };
}

/** All categories, in the order in which they came: parents before children. */
export function allCategories(on: Read) {
  return read(on).categories.all();
}

/** What carts need of these variants; unknown ones are left out. */
export function quotesOf(on: Read, variantIds: readonly string[]) {
  const { quote } = read(on);
  return [...new Set(variantIds)].flatMap((id) => quote.get({ id }) ?? []);
}

/** A product's state; the column's CHECK allows no other word. */
export function stateOf(row: Pick<ProductRow, "state">): Product["state"] {
  if (row.state === "published" || row.state === "archived") return row.state;
  return "draft";
}

/** A tax class; the column's CHECK allows no other word. */
export function taxClassOf(row: Pick<VariantRow, "taxClass">): Variant["taxClass"] {
  if (row.taxClass === "reduced" || row.taxClass === "zero") return row.taxClass;
  return "standard";
}
