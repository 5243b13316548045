import { command, contract, event, moneySchema, query, t } from "#runtime";

const Id = t.String({ minLength: 1, maxLength: 80 });
const Slug = t.String({
  description: "a-z and 0-9, with single hyphens between",
  pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
  maxLength: 120,
});
/**
 * The options of a variant as they are shown; older ones may have more than a new one. The key's
 * own maxLength would be lost: a record checks its keys by their pattern alone.
 */
const Options = t.Record(t.String({ pattern: "^.{0,40}$" }), t.String({ maxLength: 80 }), {
  maxProperties: 1_500,
});
/** The options of a new variant, or of a search: ten at most, of one line each. */
const NewOptions = t.Record(
  t.String({ pattern: "^[^\\u0000-\\u001f]{1,40}$" }),
  t.String({ maxLength: 80 }),
  { maxProperties: 10 },
);
/** Variants of one product, at most. */
export const variantsMax = 100;
/** Categories, and those above one another, at most. */
export const categoriesMax = 1_000;
export const categoryDepthMax = 20;
const TaxClass = t.Union([t.Literal("standard"), t.Literal("reduced"), t.Literal("zero")]);
/** What something is sold for: an amount that is not below zero. */
const Price = t.Object({
  amount: t.Integer({ minimum: 0, maximum: 1_000_000_000_000 }),
  currency: moneySchema.properties.currency,
});
const ProductState = t.Union([t.Literal("draft"), t.Literal("published"), t.Literal("archived")]);

const Variant = t.Object({
  variantId: Id,
  sku: t.String(),
  title: t.String(),
  options: Options,
  price: moneySchema,
  compareAt: t.Union([moneySchema, t.Null()]),
  weightGrams: t.Integer(),
  taxClass: TaxClass,
  requiresShipping: t.Boolean(),
});
const Product = t.Object({
  productId: Id,
  slug: Slug,
  title: t.String(),
  description: t.String(),
  synonyms: t.Array(t.String(), { maxItems: 50 }),
  state: ProductState,
  category: t.Object({
    slug: Slug,
    title: t.String(),
    path: t.Array(t.Object({ slug: Slug, title: t.String() }), { maxItems: categoryDepthMax }),
  }),
  variants: t.Array(Variant, { maxItems: variantsMax }),
  version: t.Integer(),
});
const Summary = t.Object({
  productId: Id,
  slug: Slug,
  title: t.String(),
  category: Slug,
  priceFrom: moneySchema,
  inStock: t.Boolean(),
});
const NewVariant = t.Object({
  sku: t.String({ minLength: 1, maxLength: 60 }),
  options: NewOptions,
  price: Price,
  weightGrams: t.Integer({ minimum: 0, maximum: 1_000_000 }),
  taxClass: TaxClass,
  requiresShipping: t.Boolean(),
});
const Title = t.String({ minLength: 1, maxLength: 200 });
const Description = t.String({ maxLength: 10_000 });
const Synonyms = t.Array(t.String({ maxLength: 80 }), { maxItems: 50 });
const Sort = t.Union([
  t.Literal("relevance"),
  t.Literal("price"),
  t.Literal("-price"),
  t.Literal("newest"),
  t.Literal("name"),
]);
const Missing = { PRODUCT_NOT_FOUND: t.Object({ product: t.String() }) };
/** The variants of one product have one currency, and a price to compare with is the higher one. */
const Invalid = { PRICE_INVALID: t.Object({ reason: t.String() }) };

/** What products promises: the catalogue, how to find things in it, and what they cost. */
export const products = contract("products", {
  /**
   * Searches what is published: words by prefix and with typing errors, filters, facet counts, sort
   * and cursor. A cursor goes with the query that it came from; another query refuses it. A product
   * matches `options` when one variant of it has them all; `category` takes in those below it;
   * prices are those that the product starts at. Without `q`, the sort "relevance" is by name.
   */
  searchProducts: query({
    input: t.Object({
      q: t.Optional(t.String({ maxLength: 200 })),
      category: t.Optional(Slug),
      options: t.Optional(NewOptions),
      priceMin: t.Optional(Price.properties.amount),
      priceMax: t.Optional(Price.properties.amount),
      inStock: t.Optional(t.Boolean()),
      sort: t.Optional(Sort),
      cursor: t.Optional(t.String({ maxLength: 500 })),
      limit: t.Optional(t.Integer({ minimum: 1, maximum: 100 })),
      facets: t.Optional(t.Boolean()),
    }),
    output: t.Object({
      items: t.Array(Summary, { maxItems: 100 }),
      nextCursor: t.Union([t.String(), t.Null()]),
      facets: t.Union([
        t.Object({
          categories: t.Array(t.Object({ slug: Slug, title: t.String(), count: t.Integer() }), {
            maxItems: 300,
          }),
          options: t.Array(t.Object({ name: t.String(), value: t.String(), count: t.Integer() }), {
            maxItems: 300,
          }),
        }),
        t.Null(),
      ]),
    }),
    errors: { CURSOR_INVALID: t.Object({}) },
  }),

  /** A published product by its slug; staff also see drafts and archived ones. */
  productBySlug: query({ input: t.Object({ slug: Slug }), output: Product, errors: Missing }),

  /** Any product by its id. For staff. */
  productById: query({ input: t.Object({ productId: Id }), output: Product, errors: Missing }),

  /** The category tree, flat, parents before children. */
  categories: query({
    input: t.Object({}),
    output: t.Array(
      t.Object({ slug: Slug, title: t.String(), parent: t.Union([Slug, t.Null()]) }),
      { maxItems: categoriesMax },
    ),
  }),

  /** What carts need to know of variants, now. An unknown variant is left out. */
  quoteLines: query({
    input: t.Object({ variantIds: t.Array(Id, { minItems: 1, maxItems: 100 }) }),
    output: t.Array(
      t.Object({
        variantId: Id,
        productId: Id,
        slug: Slug,
        sku: t.String(),
        title: t.String(),
        price: moneySchema,
        taxClass: TaxClass,
        weightGrams: t.Integer(),
        requiresShipping: t.Boolean(),
        /** False unless the product is published. */
        sellable: t.Boolean(),
      }),
      { maxItems: 100 },
    ),
  }),

  /** Creates a draft. Repeating it with the same slug is refused. */
  createProduct: command({
    input: t.Object({
      slug: Slug,
      title: Title,
      description: Description,
      synonyms: t.Optional(Synonyms),
      category: Slug,
    }),
    output: Product,
    errors: {
      SLUG_TAKEN: t.Object({ slug: Slug }),
      CATEGORY_NOT_FOUND: t.Object({ category: t.String() }),
    },
  }),

  /**
   * Adds a variant to a product. Repeating it with the same SKU is refused. It counts as out of
   * stock until inventory says otherwise.
   */
  createVariant: command({
    input: t.Object({ productId: Id, ...NewVariant.properties }),
    output: Product,
    errors: {
      ...Missing,
      ...Invalid,
      SKU_TAKEN: t.Object({ sku: t.String() }),
      /** The product has as many variants as there may be of one. */
      VARIANTS_FULL: t.Object({ variantsMax: t.Integer() }),
    },
  }),

  /**
   * Sets a variant's price and keeps the old one in its history. The same price again changes
   * nothing.
   */
  setPrice: command({
    input: t.Object({
      variantId: Id,
      price: Price,
      compareAt: t.Optional(Price),
    }),
    output: Product,
    errors: { ...Invalid, VARIANT_NOT_FOUND: t.Object({ variantId: Id }) },
  }),

  /**
   * Puts a product on sale. It needs a variant, and an archived one stays archived. Repeating it
   * changes nothing.
   */
  publishProduct: command({
    input: t.Object({ productId: Id }),
    output: Product,
    errors: {
      ...Missing,
      NO_VARIANTS: t.Object({ productId: Id }),
      ILLEGAL_TRANSITION: t.Object({ from: ProductState, to: ProductState }),
    },
  }),

  /**
   * Takes a product off sale for good; orders keep their copy of it. Repeating it changes nothing.
   */
  archiveProduct: command({ input: t.Object({ productId: Id }), output: Product, errors: Missing }),

  /**
   * Brings in published products in bulk, with their categories, parents before children. A
   * category or product whose slug exists is left as it is, so repeating an import adds nothing.
   * The answer names the variants of all products of the import, of those that were there before,
   * too.
   */
  importCatalogue: command({
    input: t.Object({
      categories: t.Array(
        t.Object({ slug: Slug, title: Title, parent: t.Union([Slug, t.Null()]) }),
        { maxItems: categoriesMax },
      ),
      products: t.Array(
        t.Object({
          slug: Slug,
          title: Title,
          description: Description,
          synonyms: Synonyms,
          category: Slug,
          variants: t.Array(NewVariant, { minItems: 1, maxItems: variantsMax }),
        }),
        { maxItems: 500 },
      ),
    }),
    output: t.Object({
      added: t.Integer(),
      variants: t.Array(t.Object({ sku: t.String(), variantId: Id }), { maxItems: 50_000 }),
    }),
    errors: {
      ...Invalid,
      CATEGORY_NOT_FOUND: t.Object({ category: t.String() }),
      /** There would be more categories, or more above one another, than there may be. */
      CATEGORIES_FULL: t.Object({ categoriesMax: t.Integer(), depthMax: t.Integer() }),
      SKU_TAKEN: t.Object({ sku: t.String() }),
    },
  }),

  productPublished: event(1, t.Object({ productId: Id, slug: Slug })),
  productChanged: event(1, t.Object({ productId: Id })),
  productArchived: event(1, t.Object({ productId: Id })),
  variantCreated: event(1, t.Object({ productId: Id, variantId: Id, sku: t.String() })),
  priceChanged: event(1, t.Object({ variantId: Id, price: moneySchema })),
});
