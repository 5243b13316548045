import { and, eq, type SQL, sql } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import { knownWords, products, productWords, wordTrigrams } from "../schema.ts";

export type Sort = "relevance" | "price" | "-price" | "newest" | "name";
/** Where a search begins: at words, at a category, or at all products. */
export type Source = "words" | "category" | "all";

/** What narrows a search. Null leaves a filter out; `match` and `category` go with their source. */
export type Filters = {
  readonly match: string | null;
  readonly category: string | null;
  /** JSON: option names to values. */
  readonly options: string | null;
  readonly priceMin: number;
  readonly priceMax: number;
  readonly inStock: 0 | 1;
};

/** Which part of the list: what comes after this sort key and number. */
export type Page = {
  /** The title that comes before all others, as `nameKey` writes it. */
  readonly exact: string;
  readonly afterKey: string | number;
  readonly afterNumber: number;
  readonly limit: number;
};

type Database = Parameters<Parameters<typeof reads>[0]>[0];
const at = (name: string) => sql.placeholder(name);

const read = reads((db) => ({
  pages: {
    words: pagesOf(db, "words"),
    category: pagesOf(db, "category"),
    all: pagesOf(db, "all"),
  },
  facets: {
    words: facetsOf(db, "words"),
    category: facetsOf(db, "category"),
    all: facetsOf(db, "all"),
  },
  similarWords: db
    .select({ word: knownWords.word })
    .from(wordTrigrams)
    .innerJoin(knownWords, eq(knownWords.number, wordTrigrams.rowid))
    .where(sql`${wordTrigrams} match ${at("match")}`)
    .orderBy(sql`rank`)
    .limit(40)
    .prepare(),
}));

/** One page of the products that match, in order. */
export function pageOf(
  on: Read,
  { source, sort }: { source: Source; sort: Sort },
  wanted: Filters & Page,
) {
  return read(on).pages[source][sort].all(wanted);
}

/** How many of the products that match are in each category, and come in each option value. */
export function facetsIn(on: Read, source: Source, wanted: Filters) {
  return read(on).facets[source].all(wanted);
}

/** Known words that share runs of three characters with a word; `match` is made by `trigramsOf`. */
export function similarWords(on: Read, match: string): string[] {
  return read(on)
    .similarWords.all({ match })
    .map(({ word }) => word);
}

/** Words in titles count ten times as much as in descriptions; a title that is the query comes first. */
const score = sql<number>`bm25(product_words, 10, 5, 2, 1) - 1000 * (${products.nameKey} = ${at("exact")})`;

function pagesOf(db: Database, source: Source) {
  const page = (key: SQL<string | number>, direction: "asc" | "desc") =>
    db
      .select({
        productId: products.id,
        slug: products.slug,
        title: products.title,
        category: products.category,
        amount: products.priceFrom,
        currency: products.currency,
        inStock: products.inStock,
        number: products.number,
        key,
      })
      .from(sourceOf(source))
      .where(and(matching(source), after(key, direction)))
      .orderBy(ordered(key, direction), ordered(sql`${products.number}`, direction))
      .limit(at("limit"))
      .prepare();
  const name = sql<string>`${products.nameKey}`;
  return {
    relevance: page(source === "words" ? score : name, "asc"),
    price: page(sql<number>`${products.priceFrom}`, "asc"),
    "-price": page(sql<number>`${products.priceFrom}`, "desc"),
    newest: page(sql<number>`${products.publishedAtMs}`, "desc"),
    name: page(name, "asc"),
  };
}

function ordered(by: SQL, direction: "asc" | "desc"): SQL {
  return direction === "asc" ? sql`${by} asc` : sql`${by} desc`;
}

function after(key: SQL, direction: "asc" | "desc"): SQL {
  const last = sql`(${at("afterKey")}, ${at("afterNumber")})`;
  return direction === "asc"
    ? sql`(${key}, ${products.number}) > ${last}`
    : sql`(${key}, ${products.number}) < ${last}`;
}

/** Cross joins keep the order of the tables: the words or the category first, then their products. */
function sourceOf(source: Source): SQL {
  if (source === "words") {
    return sql`${productWords} cross join ${products} on ${products.number} = product_words.rowid`;
  }
  if (source === "all") return sql`${products}`;
  return sql`product_categories cross join ${products} on ${products.number} = product_categories.product`;
}

function matching(source: Source): SQL {
  const first = {
    words: sql`${productWords} match ${at("match")} and (${at("category")} is null or exists (
      select 1 from product_categories
      where category = ${at("category")} and product = ${products.number}))`,
    category: sql`product_categories.category = ${at("category")}`,
    all: sql`1`,
  }[source];
  return sql`${first} and ${products.state} = 'published'
    and ${products.priceFrom} between ${at("priceMin")} and ${at("priceMax")}
    and ${products.inStock} >= ${at("inStock")}
    and (${at("options")} is null or exists (
      select 1 from variants v where v.product = ${products.number} and not exists (
        select 1 from json_each(${at("options")}) wanted where not exists (
          select 1 from json_each(v.options) had
          where had.key = wanted.key and had.value = wanted.value))))`;
}

function facetsOf(db: Database, source: Source) {
  const matches = sql`select ${products.number} as number from ${sourceOf(source)} where ${matching(source)}`;
  return db
    .select({
      kind: sql<"category" | "option">`kind`,
      name: sql<string>`name`,
      value: sql<string>`value`,
      count: sql<number>`count`,
    })
    .from(
      sql`(with matches as materialized (${matches})
        select 'category' as kind, c.category as name, g.title as value, count(*) as count
        from matches cross join product_categories c on c.product = matches.number
        join categories g on g.slug = c.category group by c.category
        union all
        select 'option', o.name, o.value, count(*)
        from matches cross join product_options o on o.product = matches.number
        group by o.name, o.value)`,
    )
    .orderBy(sql`count desc, name, value`)
    .limit(300)
    .prepare();
}
