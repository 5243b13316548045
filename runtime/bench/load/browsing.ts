import catalogue from "../../../modules/products/seed/catalogue.json";

/** Paths of product pages, spread over the catalogue. */
export function productPaths(count: number): string[] {
  const { products } = catalogue;
  const step = Math.max(1, Math.floor(products.length / count));
  return products
    .filter((_, index) => index % step === 0)
    .slice(0, count)
    .map(({ slug }) => `/v1/products/${slug}`);
}

/**
 * Searches as people make them: of ten, four whole words, two beginnings of a word, one of two
 * words, one with a typing error, one look at a category by price, one with filters and facets.
 */
export function searchPaths(count: number): string[] {
  const { products, categories } = catalogue;
  return Array.from({ length: count }, (_, index) => {
    const product = products[(index * 37) % products.length];
    const [word = "tea", second] = (product?.title.toLowerCase() ?? "").split(/[^a-z]+/);
    const category = categories[(index * 7) % categories.length]?.slug ?? "";
    return `/v1/products?${new URLSearchParams(search(index % 10, { word, second, category }))}`;
  });
}

function search(
  kind: number,
  about: { word: string; second: string | undefined; category: string },
): Record<string, string> {
  const { word, second, category } = about;
  if (kind < 4) return { q: word };
  if (kind < 6) return { q: word.slice(0, 4) };
  if (kind === 6) return { q: second === undefined ? word : `${word} ${second}` };
  if (kind === 7) return { q: `${word.slice(0, 2)}${word.slice(3)}` };
  if (kind === 8) return { category, sort: "price", limit: "24" };
  return { q: word, inStock: "true", facets: "true" };
}
