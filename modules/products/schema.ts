import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const categories = sqliteTable("categories", {
  position: integer("position").primaryKey(),
  slug: text("slug").notNull().unique(),
  title: text("title").notNull(),
  parent: text("parent"),
  /** JSON: slug and title of each category from the top down to this one. */
  path: text("path").notNull(),
});

/**
 * `priceFrom`, `currency` and `inStock` repeat what the variants say, so that a search reads one
 * row for each hit; each write of a variant sets them anew.
 */
export const products = sqliteTable(
  "products",
  {
    number: integer("number").primaryKey(),
    id: text("id").notNull().unique(),
    slug: text("slug").notNull().unique(),
    title: text("title").notNull(),
    nameKey: text("name_key").notNull(),
    description: text("description").notNull(),
    /** JSON: a list of words. */
    synonyms: text("synonyms").notNull(),
    category: text("category")
      .notNull()
      .references(() => categories.slug),
    state: text("state").notNull(),
    version: integer("version").notNull(),
    priceFrom: integer("price_from").notNull(),
    currency: text("currency").notNull(),
    inStock: integer("in_stock").notNull(),
    publishedAtMs: integer("published_at_ms").notNull(),
  },
  (table) => [
    index("products_by_name").on(table.state, table.nameKey),
    index("products_by_price").on(table.state, table.priceFrom),
    index("products_by_time").on(table.state, table.publishedAtMs),
  ],
);

export const variants = sqliteTable(
  "variants",
  {
    number: integer("number").primaryKey(),
    id: text("id").notNull().unique(),
    sku: text("sku").notNull().unique(),
    product: integer("product")
      .notNull()
      .references(() => products.number),
    title: text("title").notNull(),
    /** JSON: option names to values. */
    options: text("options").notNull(),
    price: integer("price").notNull(),
    compareAt: integer("compare_at"),
    currency: text("currency").notNull(),
    weightGrams: integer("weight_grams").notNull(),
    taxClass: text("tax_class").notNull(),
    requiresShipping: integer("requires_shipping").notNull(),
    inStock: integer("in_stock").notNull(),
  },
  (table) => [index("variants_by_product").on(table.product)],
);

/** Each product as the contract shows it, as JSON; written with every change of the product. */
export const productDocuments = sqliteTable("product_documents", {
  number: integer("number")
    .primaryKey()
    .references(() => products.number),
  document: text("document").notNull(),
});

/** What each variant cost before, newest last. */
export const formerPrices = sqliteTable("former_prices", {
  number: integer("number").primaryKey(),
  variant: text("variant").notNull(),
  price: integer("price").notNull(),
  compareAt: integer("compare_at"),
  currency: text("currency").notNull(),
  untilMs: integer("until_ms").notNull(),
});

/** Each product's category and all above it. */
export const productCategories = sqliteTable(
  "product_categories",
  { category: text("category").notNull(), product: integer("product").notNull() },
  (table) => [
    primaryKey({ columns: [table.category, table.product] }),
    index("product_categories_by_product").on(table.product),
  ],
);

/** Which option values a product comes in, for facet counts. */
export const productOptions = sqliteTable(
  "product_options",
  {
    product: integer("product").notNull(),
    name: text("name").notNull(),
    value: text("value").notNull(),
  },
  (table) => [primaryKey({ columns: [table.product, table.name, table.value] })],
);

/** Full-text index of the products; its row id is the product's number. */
export const productWords = sqliteTable("product_words", {
  rowid: integer("rowid").primaryKey(),
  title: text("title").notNull(),
  synonyms: text("synonyms").notNull(),
  category: text("category").notNull(),
  description: text("description").notNull(),
});

/** A full-text index takes commands as rows of a column of its own name. */
export const productWordsCommand = sqliteTable("product_words", {
  command: text("product_words").notNull(),
});
export const wordTrigramsCommand = sqliteTable("word_trigrams", {
  command: text("word_trigrams").notNull(),
});

/** Every word of titles and synonyms, to correct typing errors by. */
export const knownWords = sqliteTable("known_words", {
  number: integer("number").primaryKey(),
  word: text("word").notNull().unique(),
});

/** Index of `knownWords` by runs of three characters, each word between two marks. */
export const wordTrigrams = sqliteTable("word_trigrams", {
  rowid: integer("rowid").primaryKey(),
  word: text("word").notNull(),
});
