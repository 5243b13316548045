import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { inventory } from "#modules/inventory";
import { products } from "#modules/products";
import type { InputOf } from "#runtime";
import { type Placed, type Placement, place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "../inventory/module.ts";
import { categoriesMax, variantsMax } from "./contract.ts";
import productsModule from "./module.ts";

type Import = InputOf<typeof products.importCatalogue>;

const staff = { kind: "user", userId: "usr_1", role: "staff" } as const;
const anonymous = { kind: "anonymous" } as const;

const categories: Import["categories"] = [
  { slug: "clothing", title: "Clothing", parent: null },
  { slug: "hats", title: "Hats", parent: "clothing" },
  { slug: "music", title: "Music", parent: null },
];

function variant(sku: string, amount: number, options: { [name: string]: string } = {}) {
  const price = { amount, currency: "EUR" };
  const rest = { weightGrams: 200, taxClass: "standard", requiresShipping: true } as const;
  return { sku, options, price, ...rest };
}

const goods: Import["products"] = [
  {
    slug: "fedora",
    title: "Fedora",
    description: "A hat made of felt with a creased crown.",
    synonyms: ["felt hat", "trilby"],
    category: "hats",
    variants: [
      variant("FED-M-B", 4_900, { size: "M", colour: "black" }),
      variant("FED-L-R", 4_500, { size: "L", colour: "red" }),
    ],
  },
  {
    slug: "hat-box",
    title: "Hat",
    description: "Plain.",
    synonyms: [],
    category: "hats",
    variants: [variant("HAT", 1_900, { size: "M", colour: "red" })],
  },
  {
    slug: "cloak",
    title: "Cloak",
    description: "A loose outer garment, worn with a hat.",
    synonyms: [],
    category: "clothing",
    variants: [variant("CLO", 9_900)],
  },
  {
    slug: "acoustic-guitar",
    title: "Acoustic guitar",
    description: "Sound is not amplified by electrical means.",
    synonyms: [],
    category: "music",
    variants: [variant("GUI", 34_900)],
  },
  {
    slug: "electric-guitar",
    title: "Electric guitar",
    description: "A guitar whose sound is amplified.",
    synonyms: [],
    category: "music",
    variants: [variant("ELE", 44_900)],
  },
];

async function stocked(placement: Placement): Promise<Placed> {
  const shop = await place(placement, [productsModule, inventoryModule]);
  await shop.call(products.importCatalogue, { categories, products: goods });
  await shop.settle();
  shop.events.length = 0;
  return shop;
}

async function slugs(shop: Placed, input: InputOf<typeof products.searchProducts>) {
  return (await shop.call(products.searchProducts, input)).items.map(({ slug }) => slug);
}

async function idsOf(shop: Placed, slug: string) {
  const { productId, variants } = await shop.call(products.productBySlug, { slug });
  return { productId, variantIds: variants.map(({ variantId }) => variantId) };
}

describe.each(placements)("searching, %s", (placement) => {
  test("ranks titles before synonyms before descriptions, and the very name first", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { q: "hat" })).toEqual(["hat-box", "fedora", "cloak"]);
    expect(await slugs(shop, { q: "TRILBY" })).toEqual(["fedora"]);
  });

  test("takes beginnings, plurals, small words and accents for what they mean", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { q: "guit acou" })).toEqual(["acoustic-guitar"]);
    expect(await slugs(shop, { q: "cloaks" })).toEqual(["cloak"]);
    expect(await slugs(shop, { q: "a clóak for the" })).toEqual(["cloak"]);
  });

  test("forgives a typing error, and then finds what has any of the words", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { q: "acoustc gutiar" })).toEqual(["acoustic-guitar"]);
    expect(await slugs(shop, { q: "cloak guitar", sort: "name" })).toEqual([
      "acoustic-guitar",
      "cloak",
      "electric-guitar",
    ]);
    expect(await slugs(shop, { q: "zebra" })).toEqual([]);
  });

  test("corrects the first three unknown words of a search and no more", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { q: "qqqqq wwwww cloqk" })).toEqual(["cloak"]);
    expect(await slugs(shop, { q: "qqqqq wwwww eeeee cloqk" })).toEqual([]);
    expect(await slugs(shop, { q: "qqqqq wwwww eeeee cloak" })).toEqual(["cloak"]);
  });

  test("narrows by category with those below it, price, and options of one variant", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { category: "clothing" })).toEqual(["cloak", "fedora", "hat-box"]);
    expect(await slugs(shop, { q: "hat", category: "hats", priceMin: 2_000 })).toEqual(["fedora"]);
    expect(await slugs(shop, { priceMax: 4_500 })).toEqual(["fedora", "hat-box"]);
    expect(await slugs(shop, { options: { size: "M", colour: "red" } })).toEqual(["hat-box"]);
    expect(await slugs(shop, { options: { size: 'M","colour":"red' } })).toEqual([]);
    expect(await slugs(shop, { category: "nowhere" })).toEqual([]);
  });

  test("counts what matches by category and option value", async () => {
    await using shop = await stocked(placement);
    const { facets } = await shop.call(products.searchProducts, { q: "hat", facets: true });
    expect(facets?.categories).toEqual([
      { slug: "clothing", title: "Clothing", count: 3 },
      { slug: "hats", title: "Hats", count: 2 },
    ]);
    expect(facets?.options).toContainEqual({ name: "colour", value: "red", count: 2 });
  });

  test.each(["relevance", "price", "-price", "newest", "name"] as const)(
    "pages by %s without a gap or a repetition",
    async (sort) => {
      await using shop = await stocked(placement);
      for (const q of [undefined, "a", "guitar hat cloak"]) {
        const query = q === undefined ? { sort } : { q, sort };
        const whole = await slugs(shop, query);
        const paged: string[] = [];
        let cursor: string | null | undefined;
        while (cursor !== null) {
          const part = { ...query, limit: 2, ...(cursor !== undefined && { cursor }) };
          const page = await shop.call(products.searchProducts, part);
          paged.push(...page.items.map(({ slug }) => slug));
          cursor = page.nextCursor;
        }
        expect(paged).toEqual(whole);
      }
    },
  );

  test("sorts by price, name and time, and refuses the cursor of another query", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { sort: "-price", limit: 2 })).toEqual([
      "electric-guitar",
      "acoustic-guitar",
    ]);
    expect((await slugs(shop, { sort: "price" }))[0]).toBe("hat-box");
    const { nextCursor } = await shop.call(products.searchProducts, { sort: "price", limit: 1 });
    const cursor = nextCursor ?? "";
    for (const other of [{ sort: "name" as const }, { sort: "price" as const, q: "hat" }]) {
      const refused = shop.call(products.searchProducts, { ...other, cursor });
      await expect(refused).rejects.toMatchObject({ code: "CURSOR_INVALID" });
    }
    const broken = shop.call(products.searchProducts, { sort: "price", cursor: "%" });
    await expect(broken).rejects.toMatchObject({ code: "CURSOR_INVALID" });
  });

  test("answers any text that people may type", async () => {
    await using shop = await stocked(placement);
    const pieces = fc.constantFrom('"', "*", "(", ")", "-", "^", ":", "NEAR", "OR", "AND", "NOT");
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.string({ unit: "grapheme", maxLength: 60 }),
      fc
        .array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 12 })
        .map((all) => all.join(" ")),
    );
    await fc.assert(
      fc.asyncProperty(text, async (q) => {
        const found = await shop.call(products.searchProducts, {
          q: q.slice(0, 200),
          facets: true,
        });
        expect(found.items.length).toBeLessThanOrEqual(goods.length);
      }),
      { numRuns: 150 },
    );
  });
});

describe.each(placements)("stock, %s", (placement) => {
  test("a product is in stock while one of its variants is", async () => {
    await using shop = await stocked(placement);
    expect(await slugs(shop, { inStock: true })).toEqual([]);
    const { variantIds } = await idsOf(shop, "fedora");
    const [first = "", second = ""] = variantIds;
    const change = async (variantId: string, delta: number) => {
      const ref = `${variantId} ${delta}`;
      await shop.call(inventory.adjustStock, { variantId, delta, reason: "correction", ref });
      await shop.settle();
    };
    await change(first, 2);
    await change(second, 1);
    expect(await slugs(shop, { inStock: true })).toEqual(["fedora"]);
    await change(first, -2);
    expect(await slugs(shop, { inStock: true, q: "fedora" })).toEqual(["fedora"]);
    await change(second, -1);
    expect(await slugs(shop, { inStock: true, q: "fedora" })).toEqual([]);
  });
});

describe.each(placements)("the life of a product, %s", (placement) => {
  const draft = { slug: "beret", title: "Beret", description: "Flat.", category: "hats" };

  test("a draft is seen by staff only, is found by nobody, and cannot be sold", async () => {
    await using shop = await stocked(placement);
    const { productId } = await shop.call(products.createProduct, draft);
    const seen = shop.as(staff).call(products.productBySlug, { slug: "beret" });
    expect(await seen).toMatchObject({ productId, state: "draft", version: 1, variants: [] });
    const hidden = shop.as(anonymous).call(products.productBySlug, { slug: "beret" });
    await expect(hidden).rejects.toMatchObject({ code: "PRODUCT_NOT_FOUND" });
    const product = await shop.call(products.createVariant, { productId, ...variant("BER", 900) });
    const variantIds = product.variants.map(({ variantId }) => variantId);
    expect(await shop.call(products.quoteLines, { variantIds })).toMatchObject([
      { sku: "BER", title: "Beret", sellable: false },
    ]);
    expect(await slugs(shop, { q: "beret" })).toEqual([]);
  });

  test("it has at most a hundred variants, of ten options each", async () => {
    await using shop = await stocked(placement);
    const variants = Array.from({ length: 99 }, (_, n) => variant(`SOCK-${n}`, 900));
    const sock = { ...goods[0], slug: "sock", title: "Sock", category: "hats" } as const;
    await shop.call(products.importCatalogue, {
      categories: [],
      products: [{ ...sock, description: "", synonyms: [], variants }],
    });
    const { productId } = await shop.call(products.productBySlug, { slug: "sock" });
    const options = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, n) => [`option ${n}`, "x"]));
    const add = (sku: string, count: number) =>
      shop.call(products.createVariant, { productId, ...variant(sku, 900, options(count)) });
    await expect(add("SOCK-X", 11)).rejects.toMatchObject({ at: "/options" });
    expect((await add("SOCK-99", 10)).variants).toHaveLength(100);
    await expect(add("SOCK-100", 1)).rejects.toMatchObject({
      code: "VARIANTS_FULL",
      data: { variantsMax: 100 },
    });
  });

  test("it is published once it has a variant, and archived for good", async () => {
    await using shop = await stocked(placement);
    const { productId } = await shop.call(products.createProduct, draft);
    const early = shop.call(products.publishProduct, { productId });
    await expect(early).rejects.toMatchObject({ code: "NO_VARIANTS", data: { productId } });

    await shop.call(products.createVariant, { productId, ...variant("BER", 900) });
    const published = await shop.call(products.publishProduct, { productId });
    expect(await shop.call(products.publishProduct, { productId })).toEqual(published);
    expect(await slugs(shop, { q: "beret" })).toEqual(["beret"]);

    const archived = await shop.call(products.archiveProduct, { productId });
    expect(await shop.call(products.archiveProduct, { productId })).toEqual(archived);
    expect(await slugs(shop, { q: "beret" })).toEqual([]);
    const again = shop.call(products.publishProduct, { productId });
    await expect(again).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });

    await shop.settle();
    expect(shop.events.map(({ type }) => type)).toEqual([
      "products.variantCreated",
      "products.productChanged",
      "products.productPublished",
      "products.productArchived",
    ]);
  });

  test("a taken slug or SKU, an unknown category, product or variant is refused", async () => {
    await using shop = await stocked(placement);
    const { productId } = await idsOf(shop, "fedora");
    const price = { amount: 1, currency: "EUR" };
    const refusals = [
      [() => shop.call(products.createProduct, { ...draft, slug: "fedora" }), "SLUG_TAKEN"],
      [() => shop.call(products.createProduct, { ...draft, category: "x" }), "CATEGORY_NOT_FOUND"],
      [() => shop.call(products.createVariant, { productId, ...variant("HAT", 1) }), "SKU_TAKEN"],
      [() => shop.call(products.productById, { productId: "x" }), "PRODUCT_NOT_FOUND"],
      [() => shop.call(products.publishProduct, { productId: "x" }), "PRODUCT_NOT_FOUND"],
      [() => shop.call(products.setPrice, { variantId: "x", price }), "VARIANT_NOT_FOUND"],
    ] as const;
    for (const [call, code] of refusals) await expect(call()).rejects.toMatchObject({ code });
    await shop.settle();
    expect(shop.events).toEqual([]);
  });
});

describe.each(placements)("the catalogue has a bound, %s,", (placement) => {
  test("for the variants of a product and their options", async () => {
    await using shop = await place(placement, [productsModule, inventoryModule]);
    const numbers = [...Array(variantsMax).keys()];
    const variants = numbers.map((number) => variant(`SKU-${number}`, 100));
    const [fedora] = goods;
    if (fedora === undefined) throw new Error("There are no goods.");
    const full = { ...fedora, slug: "full", variants };
    await shop.call(products.importCatalogue, { categories, products: [full] });
    const { productId } = await shop.call(products.productBySlug, { slug: "full" });
    const another = { productId, ...variant("ANOTHER", 100) };
    await expect(shop.call(products.createVariant, another)).rejects.toMatchObject({
      code: "VARIANTS_FULL",
      data: { variantsMax },
    });
    const options = Object.fromEntries(numbers.slice(0, 11).map((one) => [`option ${one}`, "x"]));
    for (const more of [options, { ["x".repeat(41)]: "x" }]) {
      const refused = shop.call(products.createVariant, { ...another, options: more });
      await expect(refused).rejects.toThrow(/^The input of products.createVariant does not fit/);
    }
    expect((await shop.call(products.productById, { productId })).variants).toHaveLength(100);
  });

  test("for the categories, and for those above one another", async () => {
    await using shop = await place(placement, [productsModule, inventoryModule]);
    const add = (...added: Import["categories"]) =>
      shop.call(products.importCatalogue, { categories: added, products: [] });
    const chain = [...Array(21).keys()].map((depth) => ({
      slug: `depth-${depth}`,
      title: "One more",
      parent: depth === 0 ? null : `depth-${depth - 1}`,
    }));
    const full = { code: "CATEGORIES_FULL", data: { categoriesMax, depthMax: 20 } };
    await expect(add(...chain)).rejects.toMatchObject(full);
    const wide = [...Array(categoriesMax).keys()].map((number) => {
      return { slug: `wide-${number}`, title: "One more", parent: null };
    });
    await add(...wide);
    await expect(add({ slug: "one-more", title: "One more", parent: null })).rejects.toMatchObject(
      full,
    );
    expect(await shop.call(products.categories, {})).toHaveLength(categoriesMax);
  });
});

describe.each(placements)("prices, %s", (placement) => {
  test("a new price is said once, is quoted, and moves the lowest of the product", async () => {
    await using shop = await stocked(placement);
    const { productId, variantIds } = await idsOf(shop, "fedora");
    const [variantId = ""] = variantIds;
    const price = { amount: 2_000, currency: "EUR" };
    const compareAt = { amount: 4_900, currency: "EUR" };
    const changed = await shop.call(products.setPrice, { variantId, price, compareAt });
    expect(await shop.call(products.setPrice, { variantId, price, compareAt })).toEqual(changed);
    expect(changed.variants[0]).toMatchObject({ price, compareAt });

    expect(
      await shop.call(products.quoteLines, { variantIds: [variantId, "unknown"] }),
    ).toMatchObject([{ variantId, price, sellable: true }]);
    const found = await shop.call(products.searchProducts, { q: "fedora" });
    expect(found.items[0]?.priceFrom).toEqual(price);
    await shop.settle();
    expect(shop.events).toEqual([
      { type: "products.priceChanged", payload: { variantId, price } },
      { type: "products.productChanged", payload: { productId } },
    ]);
  });

  test("another currency, or a lower price to compare with, is refused", async () => {
    await using shop = await stocked(placement);
    const { productId, variantIds } = await idsOf(shop, "fedora");
    const [variantId = ""] = variantIds;
    const price = { amount: 2_000, currency: "EUR" };
    const dollars = { amount: 2_000, currency: "USD" };
    const refusals = [
      () => shop.call(products.setPrice, { variantId, price: dollars }),
      () => shop.call(products.setPrice, { variantId, price, compareAt: price }),
      () => shop.call(products.createVariant, { productId, ...variant("NEW", 1), price: dollars }),
    ];
    for (const call of refusals) {
      await expect(call()).rejects.toMatchObject({ code: "PRICE_INVALID" });
    }
  });
});

describe.each(placements)("importing, %s", (placement) => {
  test("adds nothing the second time, and names the variants again", async () => {
    await using shop = await place(placement, [productsModule, inventoryModule]);
    const first = await shop.call(products.importCatalogue, { categories, products: goods });
    expect(first.added).toBe(goods.length);
    const second = await shop.call(products.importCatalogue, { categories, products: goods });
    expect(second).toEqual({ added: 0, variants: first.variants });
    expect(await shop.call(products.categories, {})).toEqual(categories);
  });

  test("a fault in one product leaves all of the import out", async () => {
    await using shop = await place(placement, [productsModule, inventoryModule]);
    const [one] = goods;
    if (one === undefined) throw new Error("The goods are empty.");
    const twice = { ...one, slug: "other" };
    const lost = { ...one, category: "lost" };
    const orphan = { slug: "orphan", title: "Orphan", parent: "lost" };
    const refusals: [Import, string][] = [
      [{ categories, products: [one, twice] }, "SKU_TAKEN"],
      [{ categories, products: [lost] }, "CATEGORY_NOT_FOUND"],
      [{ categories: [...categories, orphan], products: [] }, "CATEGORY_NOT_FOUND"],
    ];
    for (const [input, code] of refusals) {
      const refused = shop.call(products.importCatalogue, input);
      await expect(refused).rejects.toMatchObject({ code });
    }
    expect(await shop.call(products.categories, {})).toEqual([]);
  });

  test("what was found before a restart is found after it", async () => {
    await using shop = await stocked(placement);
    const before = await shop.call(products.productBySlug, { slug: "fedora" });
    await shop.restart();
    expect(await shop.call(products.productBySlug, { slug: "fedora" })).toEqual(before);
    expect(await slugs(shop, { q: "gutiar" })).toHaveLength(2);
  });
});
