import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { products as contract } from "../contract.ts";

interface Catalogue {
  readonly categories: { slug: string; title: string; parent: string | null }[];
  readonly products: {
    slug: string;
    title: string;
    category: string;
    variants: { sku: string; stock: number; price: { amount: number } }[];
  }[];
}

const file = readFileSync(`${import.meta.dir}/catalogue.json`, "utf8");
const catalogue: Catalogue = JSON.parse(file);
const { categories, products } = catalogue;
const variants = products.flatMap((product) => product.variants);

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => seen.size === seen.add(value).size);
}

test("has at least 2,000 products and 6,000 variants in a dozen departments", () => {
  expect(products.length).toBeGreaterThanOrEqual(2_000);
  expect(variants.length).toBeGreaterThanOrEqual(6_000);
  expect(categories.filter(({ parent }) => parent === null).length).toBeGreaterThanOrEqual(12);
});

test("names nothing twice", () => {
  expect(repeated(products.map(({ slug }) => slug))).toEqual([]);
  expect(repeated(categories.map(({ slug }) => slug))).toEqual([]);
  expect(repeated(variants.map(({ sku }) => sku))).toEqual([]);
});

test("has every category's parent before it, and every product's category", () => {
  const known = new Set<string | null>([null]);
  for (const { slug, parent } of categories) {
    expect(known).toContain(parent);
    known.add(slug);
  }
  expect(products.filter(({ category }) => !known.has(category))).toEqual([]);
});

test("fits the import of the contract, five hundred products at a time", () => {
  const { input } = contract.importCatalogue;
  for (let at = 0; at < products.length; at += 500) {
    const part = { categories, products: products.slice(at, at + 500) };
    expect([...Value.Errors(input, part)].slice(0, 3)).toEqual([]);
  }
});

test("has a price and a whole number of pieces in stock for each variant, some sold out", () => {
  expect(variants.filter(({ price }) => price.amount <= 0)).toEqual([]);
  expect(variants.filter(({ stock }) => !Number.isSafeInteger(stock) || stock < 0)).toEqual([]);
  const soldOut = variants.filter(({ stock }) => stock === 0).length;
  expect(soldOut / variants.length).toBeGreaterThan(0.01);
  expect(soldOut / variants.length).toBeLessThan(0.1);
});
