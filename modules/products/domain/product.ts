/** A price as it is stored: minor units of one currency. */
interface Price {
  readonly amount: number;
  readonly currency: string;
}

export type State = "draft" | "published" | "archived";

export type Publication =
  | { readonly kind: "publish" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "without-variants" }
  | { readonly kind: "archived" };

/** Decides whether a product may go on sale. */
export function publication(state: State, variantCount: number): Publication {
  switch (state) {
    case "published":
      return { kind: "unchanged" };
    case "archived":
      return { kind: "archived" };
    case "draft":
      return variantCount === 0 ? { kind: "without-variants" } : { kind: "publish" };
  }
}

/** Says what is wrong with a price, or returns undefined. `currency` is the other variants' own. */
export function priceProblem(
  price: Price,
  { compareAt, currency }: { compareAt: Price | undefined; currency: string | undefined },
): string | undefined {
  if (currency !== undefined && price.currency !== currency) {
    return `The product is sold in ${currency}, so a price in ${price.currency} is refused.`;
  }
  if (compareAt === undefined) return undefined;
  if (compareAt.currency !== price.currency) {
    return `The price is in ${price.currency}, the one to compare with in ${compareAt.currency}.`;
  }
  if (compareAt.amount <= price.amount) return "The price to compare with must be the higher one.";
  return undefined;
}

/** The name of a variant: its product's, and its options' values in the order given. */
export function variantTitle(
  productTitle: string,
  options: { readonly [name: string]: string },
): string {
  const values = Object.values(options);
  return values.length === 0 ? productTitle : `${productTitle}, ${values.join(", ")}`;
}

/**
 * What products are sorted by under "name": upper and lower case and accents make no difference.
 */
export function nameKey(title: string): string {
  return title.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

const OPTIONS_MAX = 10;

/**
 * Options written as `name:value`, the last of two with one name; undefined if one is not so
 * written, or if there are more than ten.
 */
export function optionsOf(pairs: readonly string[]): { [name: string]: string } | undefined {
  const split = pairs.map((pair) => /^([^:]{1,40}):(.{1,80})$/su.exec(pair));
  if (split.includes(null) || split.length > OPTIONS_MAX) return undefined;
  return Object.fromEntries(split.map((parts) => [parts?.[1], parts?.[2]]));
}
