import { handler, type InputOf, type OutputOf, type Read } from "#runtime";
import { products } from "../contract.ts";
import { type Cursor, type Reading, readCursor, writeCursor } from "../domain/cursor.ts";
import { nameKey } from "../domain/product.ts";
import { corrections, matchOf, trigramsOf, wordsOf } from "../domain/words.ts";
import {
  type Filters,
  facetsIn,
  isKnown,
  pageOf,
  rememberedSearch,
  type Sort,
  type Source,
  similarWords,
} from "../store/search.ts";

const LIMIT_DEFAULT = 24;
const AMOUNT_MAX = 1_000_000_000_000;
/** Words of a search that are corrected: each costs some 0.8 ms, in which nobody else is served. */
const CORRECTED_MAX = 3;

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
  /** Tells this query from others, for its cursors. */
  readonly query: string;
}

/** How the words are read, and what each stands for. */
interface Wanted {
  readonly reading: Reading;
  readonly words: readonly (readonly string[])[];
}

export const searchProducts = handler(products.searchProducts, (input, { read, fail }) => {
  if (input.cursor === undefined) {
    return rememberedSearch(read, JSON.stringify(input), () => firstPage(read, searchOf(input)));
  }
  const search = searchOf(input);
  const key = search.sort === "name" ? "string" : "number";
  const cursor = readCursor(search.query, { text: input.cursor, key });
  if (cursor === undefined) throw fail("CURSOR_INVALID", {});
  return pageAfter(read, search, cursor);
});

function searchOf(input: Input): Search {
  const words = wordsOf(input.q ?? "");
  const hasWords = words.length > 0;
  const options = optionPairs(input.options ?? {});
  const sort = input.sort ?? "relevance";
  const filters = {
    match: null,
    category: input.category ?? null,
    options: options.length === 0 ? null : JSON.stringify(options),
    priceMin: input.priceMin ?? 0,
    priceMax: input.priceMax ?? AMOUNT_MAX,
    inStock: input.inStock === true ? (1 as const) : (0 as const),
  };
  const shown = sort === "relevance" && !hasWords ? "name" : sort;
  return {
    words,
    source: hasWords ? "words" : input.category === undefined ? "all" : "category",
    sort: shown,
    filters,
    exact: nameKey((input.q ?? "").trim()),
    limit: input.limit ?? LIMIT_DEFAULT,
    facets: input.facets ?? false,
    query: JSON.stringify([words, shown, filters]),
  };
}

/** Each option as it stands in the JSON of a variant's options, where no value can look like it. */
function optionPairs(options: { readonly [name: string]: string }): string[] {
  return Object.entries(options).map((pair) =>
    JSON.stringify(Object.fromEntries([pair])).slice(1, -1),
  );
}

/** Words as typed; when they find nothing, corrected ones; when those find nothing, any of them. */
function firstPage(read: Read, search: Search): Output {
  const { words } = search;
  const page = pageFrom(read, search, { reading: "typed", words: asTyped(words) });
  if (page.items.length > 0 || words.length === 0) return page;
  const near = corrected(read, words);
  if (near.some((one) => one.length > 1)) {
    const found = pageFrom(read, search, { reading: "corrected", words: near });
    if (found.items.length > 0 || words.length === 1) return found;
  }
  return words.length === 1 ? page : pageFrom(read, search, { reading: "any", words: near });
}

function pageAfter(read: Read, search: Search, cursor: Cursor): Output {
  const { words } = search;
  const near = cursor.reading === "typed" ? asTyped(words) : corrected(read, words);
  return pageFrom(read, search, { ...cursor, words: near });
}

function pageFrom(read: Read, search: Search, from: Wanted | (Wanted & Cursor)): Output {
  const { source, sort, limit, query } = search;
  const { reading, words } = from;
  const match = words.length === 0 ? null : matchOf(words, reading === "any" ? "any" : "all");
  const filters = { ...search.filters, match };
  const after = "key" in from ? from : beforeAll[sort];
  const rows = pageOf(
    read,
    { source, sort },
    {
      ...filters,
      exact: search.exact,
      afterKey: after.key,
      afterNumber: after.number,
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

/** Where each list begins: before every real sort key. */
const beforeAll: { readonly [S in Sort]: { key: string | number; number: number } } = {
  relevance: { key: -Number.MAX_VALUE, number: -1 },
  price: { key: -1, number: -1 },
  "-price": { key: Number.MAX_SAFE_INTEGER, number: Number.MAX_SAFE_INTEGER },
  newest: { key: Number.MAX_SAFE_INTEGER, number: Number.MAX_SAFE_INTEGER },
  name: { key: "", number: -1 },
};

function asTyped(words: readonly string[]): string[][] {
  return words.map((word) => [word]);
}

/** Each word, followed by those that it may stand for where it is one of the first unknown ones. */
function corrected(read: Read, words: readonly string[]): string[][] {
  let left = CORRECTED_MAX;
  return words.map((word) => {
    if (left === 0 || isKnown(read, word)) return [word];
    left--;
    return [word, ...corrections(word, similarWords(read, trigramsOf(word)))];
  });
}

function shownFacets(rows: ReturnType<typeof facetsIn>): Output["facets"] {
  const categories = rows.filter(({ kind }) => kind === "category");
  const options = rows.filter(({ kind }) => kind === "option");
  return {
    categories: categories.map(({ name, value, count }) => ({ slug: name, title: value, count })),
    options: options.map(({ name, value, count }) => ({ name, value, count })),
  };
}
