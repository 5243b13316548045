import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readCursor, writeCursor } from "./domain/cursor.ts";
import { nameKey, optionsOf, priceProblem, publication, variantTitle } from "./domain/product.ts";
import { corrections, matchOf, trigramsOf, wordsOf } from "./domain/words.ts";

const euros = (amount: number) => ({ amount, currency: "EUR" });

describe("publishing", () => {
  test.each([
    ["draft", 1, "publish"],
    ["draft", 0, "without-variants"],
    ["published", 1, "unchanged"],
    ["archived", 1, "archived"],
  ] as const)("a product that is %s, with %d variants, comes to %s", (state, count, kind) => {
    expect(publication(state, count)).toEqual({ kind });
  });
});

describe("prices", () => {
  test("one product has one currency", () => {
    const dollars = { amount: 1, currency: "USD" };
    expect(priceProblem(dollars, { compareAt: undefined, currency: "EUR" })).toMatch(/sold in EUR/);
    expect(priceProblem(dollars, { compareAt: undefined, currency: undefined })).toBeUndefined();
  });

  test.each([
    [euros(100), /higher/],
    [euros(101), undefined],
    [{ amount: 200, currency: "USD" }, /USD/],
  ])("a price of one euro, compared with %j, is refused for %p", (compareAt, words) => {
    const problem = priceProblem(euros(100), { compareAt, currency: "EUR" });
    if (words === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(words);
  });
});

test("a variant is called by its product and its options", () => {
  expect(variantTitle("Fedora", { size: "M", colour: "navy" })).toBe("Fedora, M, navy");
  expect(variantTitle("Fedora", {})).toBe("Fedora");
});

test("names sort without regard to case and accents", () => {
  expect(nameKey("Épée")).toBe("epee");
});

test("an option's value may have colons, its name may not", () => {
  expect(optionsOf(["size:M", "ratio:16:9"])).toEqual({ size: "M", ratio: "16:9" });
  expect(optionsOf(["size:M", "size"])).toBeUndefined();
  expect(optionsOf([":M"])).toBeUndefined();
});

describe("words of a search", () => {
  test.each([
    ["  Red, WINE-glass!  ", ["red", "wine", "glass"]],
    ["crème brûlée", ["creme", "brulee"]],
    ["a chair for the garden", ["chair", "garden"]],
    ["the", ["the"]],
    ["tea tea", ["tea"]],
    ['" OR * NEAR( -', ["near"]],
    ["🎩 \u0000 ", []],
  ])("%j are %j", (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  test("are at most ten, of at most forty characters", () => {
    const words = wordsOf(
      Array.from({ length: 30 }, (_, at) => `${at}`.padStart(90, "x")).join(" "),
    );
    expect(words).toEqual(["x".repeat(40)]);
    expect(wordsOf("b1 b2 b3 b4 b5 b6 b7 b8 b9 b10 b11").length).toBe(10);
  });

  test("are searched for by prefix, but single letters are not", () => {
    expect(matchOf([["wine", "vine"], ["x"]], "all")).toBe('("wine"* OR "vine"*) AND ("x")');
    expect(matchOf([["wine"], ["glass"]], "any")).toBe('("wine"*) OR ("glass"*)');
  });
});

describe("typing errors", () => {
  test.each([
    ["gutiar", "two letters swapped"],
    ["guittar", "a letter put in"],
    ["gitar", "a letter left out"],
    ["guutar", "a letter mistaken"],
    ["gittar", "two slips in a long word"],
  ])("%j stands for guitar: %s", (typed) => {
    expect(corrections(typed, ["guitar"])).toEqual(["guitar"]);
  });

  test.each([
    ["gita", "two slips in a short word"],
    ["gtr", "three slips"],
    ["", "nothing"],
  ])("%j does not stand for guitar: %s", (typed) => {
    expect(corrections(typed, ["guitar"])).toEqual([]);
  });

  test("the nearest known words stand in, and only those", () => {
    expect(corrections("gutar", ["guitar", "gutter", "gold", "guitars"])).toEqual(["guitar"]);
    expect(corrections("hta", ["hat", "tea", "ham"])).toEqual(["hat"]);
    expect(corrections("tea", ["sofa", "table"])).toEqual([]);
  });

  test("a word is looked up by its runs of three, with its beginning and end", () => {
    expect(trigramsOf("hat")).toBe('"_ha" OR "hat" OR "at_"');
  });
});

describe("cursors", () => {
  const cursor = { reading: "corrected", key: -1.25e-7, number: 42 } as const;
  const query = "the query";

  test("come back as they were written, for the same query", () => {
    const text = writeCursor(query, cursor);
    expect(readCursor(query, { text, key: "number" })).toEqual(cursor);
  });

  test("are refused by another query, and by one that sorts by another kind of key", () => {
    const text = writeCursor(query, cursor);
    expect(readCursor("another", { text, key: "number" })).toBeUndefined();
    expect(readCursor(query, { text, key: "string" })).toBeUndefined();
  });

  test("are refused, and nothing throws, when they are any other text", () => {
    const any = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json().map((json) => Buffer.from(json).toString("base64url")),
    );
    fc.assert(
      fc.property(any, (text) => {
        expect(readCursor(query, { text, key: "number" })).toBeUndefined();
      }),
    );
  });
});
