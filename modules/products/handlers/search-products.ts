import { handler, type InputOf, type OutputOf, type Read } from "#runtime";
import { products } from "../contract.ts";
import { type Cursor, type Reading, readCursor, writeCursor } from "../domain/cursor.ts";
import { nameKey } from "../domain/product.ts";
import { corrections, matchOf, trigramsOf, wordsOf } from "../domain/words.ts";
import {
  type Filters,
  facetsIn,
  pageOf,
  type Sort,
  type Source,
  similarWords,
} from "../store/search.ts";

const LIMIT_DEFAULT = 24;
const AMOUNT_MAX = 1_000_000_000_000;

type Input = InputOf<typeof products.searchProducts>;
type Output = OutputOf<typeof products.searchProducts>;

interface Search {
  readonly words: readonly string[];
  readonly source: Source;
  readonly sort: Sort;
  readonly filters: Filters;
  readonly exact: string;
  readonly limit: number;
  readonly facets: boolean;
}

export const searchProducts = handler(products.searchProducts, (input, { read, fail }) => {
  const search = searchOf(input);
  const query = JSON.stringify([search.words, search.sort, search.filters]);
  if (input.cursor === undefined) return firstPage(read, search, query);

  const key = search.sort === "name" ? "string" : "number";
  const cursor = readCursor(query, { text: input.cursor, key });
  if (cursor === undefined) throw fail("CURSOR_INVALID", {});
  return pageFrom(read, search, { query, cursor, reading: cursor.reading });
});

function searchOf(input: Input): Search {
  const words = wordsOf(input.q ?? "");
  const hasWords = words.length > 0;
  const options = Object.keys(input.options ?? {}).length === 0 ? undefined : input.options;
  const sort = input.sort ?? "relevance";
  const filters = {
    match: null,
    category: input.category ?? null,
    options: options === undefined ? null : JSON.stringify(options),
    priceMin: input.priceMin ?? 0,
    priceMax: input.priceMax ?? AMOUNT_MAX,
    inStock: input.inStock === true ? (1 as const) : (0 as const),
  };
  return {
    words,
    source: hasWords ? "words" : input.category === undefined ? "all" : "category",
    sort: sort === "relevance" && !hasWords ? "name" : sort,
    filters,
    exact: nameKey((input.q ?? "").trim()),
    limit: input.limit ?? LIMIT_DEFAULT,
    facets: input.facets ?? false,
  };
}

/** Words as typed; when they find nothing, corrected ones; when those find nothing, any of them. */
function firstPage(read: Read, search: Search, query: string): Output {
  const page = pageFrom(read, search, { query, reading: "typed" });
  if (page.items.length > 0 || search.words.length === 0) return page;
  const corrected = pageFrom(read, search, { query, reading: "corrected" });
  if (corrected.items.length > 0 || search.words.length === 1) return corrected;
  return pageFrom(read, search, { query, reading: "any" });
}

function pageFrom(
  read: Read,
  search: Search,
  { query, cursor, reading }: { query: string; cursor?: Cursor; reading: Reading },
): Output {
  const { source, sort, limit } = search;
  const filters = { ...search.filters, match: matchFor(read, search.words, reading) };
  const rows = pageOf(
    read,
    { source, sort },
    {
      ...filters,
      exact: search.exact,
      afterKey: cursor?.key ?? beforeAll[sort],
      afterNumber: cursor?.number ?? (isDescending(sort) ? Number.MAX_SAFE_INTEGER : -1),
      limit: limit + 1,
    },
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map(({ amount, currency, inStock, number, key, ...shown }) => ({
      ...shown,
      priceFrom: { amount, currency },
      inStock: inStock === 1,
    })),
    nextCursor: last ? writeCursor(query, { reading, key: last.key, number: last.number }) : null,
    facets: search.facets ? shownFacets(facetsIn(read, source, filters)) : null,
  };
}

/** Sort keys that come before every real one. */
const beforeAll: { readonly [S in Sort]: string | number } = {
  relevance: -Number.MAX_VALUE,
  price: -1,
  "-price": Number.MAX_SAFE_INTEGER,
  newest: Number.MAX_SAFE_INTEGER,
  name: "",
};

function isDescending(sort: Sort): boolean {
  return sort === "-price" || sort === "newest";
}

function matchFor(read: Read, words: readonly string[], reading: Reading): string | null {
  if (words.length === 0) return null;
  if (reading === "typed")
    return matchOf(
      words.map((word) => [word]),
      "all",
    );
  const near = words.map((word) => [word, ...corrected(read, word)]);
  return matchOf(near, reading === "any" ? "any" : "all");
}

function corrected(read: Read, word: string): string[] {
  return corrections(word, similarWords(read, trigramsOf(word)));
}

function shownFacets(rows: ReturnType<typeof facetsIn>): Output["facets"] {
  const categories = rows.filter(({ kind }) => kind === "category");
  const options = rows.filter(({ kind }) => kind === "option");
  return {
    categories: categories.map(({ name, value, count }) => ({ slug: name, title: value, count })),
    options: options.map(({ name, value, count }) => ({ name, value, count })),
  };
}
