import { and, eq, type SQL, sql } from "drizzle-orm";
import { type OutputOf, type Read, reads } from "#runtime";
import type { products } from "../contract.ts";
import * as schema from "../schema.ts";
import { knownWords, wordTrigrams } from "../schema.ts";
import { memory } from "./memory.ts";

export type Sort = "relevance" | "price" | "-price" | "newest" | "name";
/** Where a search begins: at words, at a category, or at all products. */
export type Source = "words" | "category" | "all";

/** What narrows a search. Null leaves a filter out; `match` and `category` go with their source. */
export type Filters = {
  readonly match: string | null;
  readonly category: string | null;
  /** JSON: a list of option pairs, each as it is written in a variant's `options`. */
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

type Database = Parameters<Parameters<typeof reads>[2]>[0];
const FACETS_MAX = 300;
/** Items and facet counts that are remembered of recent searches, at about 300 bytes each. */
const PARTS_MAX = 50_000;
const ANSWERS_MAX = 2_000;
const at = (name: string) => sql.placeholder(name);

const read = reads(schema, { stablePlans: true }, (db) => ({
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
    .where(sql`word_trigrams match ${at("match")}`)
    .orderBy(sql`rank`)
    .limit(40)
    .prepare(),
  firstWordFrom: db
    .select({ word: knownWords.word })
    .from(knownWords)
    .where(sql`word >= ${at("word")}`)
    .orderBy(knownWords.word)
    .limit(1)
    .prepare(),
}));

/** The first pages of recent searches. */
export const rememberedSearch = memory<Found>({
  answersMax: ANSWERS_MAX,
  weightMax: PARTS_MAX,
  weigh: partsOf,
});

type Found = OutputOf<typeof products.searchProducts>;

function partsOf({ items, facets }: Found): number {
  return (
    1 + items.length + (facets === null ? 0 : facets.categories.length + facets.options.length)
  );
}

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

function pagesOf(db: Database, source: Source) {
  const page = (key: SQL<string | number>, direction: "asc" | "desc", from = sourceOf(source)) =>
    db
      .select({
        productId: sql<string>`products.id`,
        slug: sql<string>`products.slug`,
        title: sql<string>`products.title`,
        category: sql<string>`products.category`,
        amount: sql<number>`products.price_from`,
        currency: sql<string>`products.currency`,
        inStock: sql<number>`products.in_stock`,
        number: sql<number>`products.number`,
        key,
      })
      .from(from)
      .where(and(matching(source), after(key, direction)))
      .orderBy(ordered(key, direction), ordered(sql`products.number`, direction))
      .limit(at("limit"))
      .prepare();
  const name = sql<string>`products.name_key`;
  return {
    relevance: source === "words" ? page(score, "asc", scored) : page(name, "asc"),
    price: page(sql<number>`products.price_from`, "asc"),
    "-price": page(sql<number>`products.price_from`, "desc"),
    newest: page(sql<number>`products.published_at_ms`, "desc"),
    name: page(name, "asc"),
  };
}

function ordered(by: SQL, direction: "asc" | "desc"): SQL {
  return direction === "asc" ? sql`${by} asc` : sql`${by} desc`;
}

function after(key: SQL, direction: "asc" | "desc"): SQL {
  const last = sql`(${at("afterKey")}, ${at("afterNumber")})`;
  return direction === "asc"
    ? sql`(${key}, products.number) > ${last}`
    : sql`(${key}, products.number) < ${last}`;
}

/** Whether some known word begins with this one. */
export function isKnown(on: Read, word: string): boolean {
  return read(on).firstWordFrom.get({ word })?.word.startsWith(word) ?? false;
}

/**
 * Words in titles count ten times as much as in descriptions; a title that is the query comes
 * first.
 */
const score = sql<number>`found.score - 1000 * (products.name_key = ${at("exact")})`;

/** Materialised, because the score is dear and is wanted three times. */
const scored = sql`(with scored as materialized (
    select rowid as number, bm25(product_words, 10, 5, 2, 1) as score
    from product_words where product_words match ${at("match")})
  select * from scored) as found cross join products on products.number = found.number`;

/**
 * Cross joins keep the order of the tables: the words or the category first, then their products.
 */
function sourceOf(source: Source): SQL {
  if (source === "words") {
    return sql`(select rowid as number from product_words where product_words match ${at("match")})
      as found cross join products on products.number = found.number`;
  }
  if (source === "all") return sql`products`;
  return sql`product_categories cross join products
    on products.number = product_categories.product`;
}

function matching(source: Source): SQL {
  const first = {
    words: sql`(${at("category")} is null or exists (
      select 1 from product_categories
      where category = ${at("category")} and product = products.number))`,
    category: sql`product_categories.category = ${at("category")}`,
    all: sql`1`,
  }[source];
  return sql`${first} and products.state = 'published'
    and products.price_from between ${at("priceMin")} and ${at("priceMax")}
    and products.in_stock >= ${at("inStock")}
    and (${at("options")} is null or exists (
      select 1 from variants v where v.product = products.number and not exists (
        select 1 from json_each(${at("options")}) wanted
        where instr(v.options, wanted.value) = 0)))`;
}

function facetsOf(db: Database, source: Source) {
  const matches = sql`select products.number as number from ${sourceOf(source)}
    where ${matching(source)}`;
  return db
    .select({
      kind: sql<"category" | "option">`kind`,
      name: sql<string>`name`,
      value: sql<string>`value`,
      count: sql<number>`count`,
    })
    .from(
      sql`(with matches as materialized (${matches})
        select 'category' as kind, slug as name, title as value, count from (
          select c.category, count(*) as count
          from matches cross join product_categories c on c.product = matches.number
          group by c.category) join categories on slug = category
        union all
        select 'option', o.name, o.value, count(*)
        from matches cross join product_options o on o.product = matches.number
        group by o.name, o.value)`,
    )
    .orderBy(sql`count desc, name, value`)
    .limit(FACETS_MAX)
    .prepare();
}
