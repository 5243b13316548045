import type { Money } from "#runtime";
import type { Address } from "./order.ts";
import type { TaxClass } from "./tax.ts";

export const cartStates = ["open", "locked", "ordered", "merged", "expired"] as const;
export type CartState = (typeof cartStates)[number];

/** The moves that a cart's state may make; all others are bugs. Edits happen only in "open". */
const cartMoves: { readonly [From in CartState]: readonly CartState[] } = {
  open: ["locked", "merged", "expired"],
  locked: ["ordered", "open"],
  ordered: [],
  merged: [],
  expired: [],
};

/** Throws unless the table allows the move. */
export function assertCartMove({ from, to }: { from: CartState; to: CartState }): void {
  if (cartMoves[from].includes(to)) return;
  throw new Error(`A cart that is ${from} cannot become ${to}. Only cartMoves allows moves.`);
}

export const linesMax = 100;
export const quantityMax = 999;
/**
 * What the lines of a cart may cost, in minor units: a tenth of what an amount can say, so that
 * delivery, and prices that rise later, still have room.
 */
export const worthMax = 100_000_000_000;
/** How long a cart lives after it was last touched. */
export const cartLifeMs = 30 * 24 * 60 * 60_000;

/** What the catalogue last said about a variant. */
export interface Quote {
  readonly sku: string;
  readonly title: string;
  readonly price: Money;
  readonly taxClass: TaxClass;
  readonly weightGrams: number;
  readonly requiresShipping: boolean;
  readonly sellable: boolean;
}

/** A line keeps the quote that its customer saw last, so that a change since then can be told. */
export interface CartLine {
  readonly itemId: string;
  readonly variantId: string;
  readonly quantity: number;
  readonly quote: Quote;
}

export interface Cart {
  readonly cartId: string;
  /** Counts edits; locking and unlocking leave it as it is. */
  readonly version: number;
  readonly state: CartState;
  readonly owner: string | null;
  readonly email: string | null;
  readonly address: Address | null;
  readonly lines: readonly CartLine[];
  readonly shippingOptionId: string | null;
  readonly couponCode: string | null;
  /** The order of the checkout that locked it. */
  readonly orderId: string | null;
  readonly touchedAtMs: number;
}

/**
 * Puts lines into others: the same variant adds up, within its item. Returns null when a line or
 * the cart would grow past its limit.
 */
export function mergeLines(
  into: readonly CartLine[],
  added: readonly CartLine[],
): CartLine[] | null {
  const merged = [...into];
  for (const line of added) {
    const index = merged.findIndex((one) => one.variantId === line.variantId);
    const known = merged[index];
    if (known === undefined) merged.push(line);
    else merged[index] = { ...known, quantity: known.quantity + line.quantity, quote: line.quote };
  }
  return fit(merged) ? merged : null;
}

/** Tells whether lines are within the limits of a cart. */
export function fit(lines: readonly CartLine[]): boolean {
  const worth = lines.reduce((sum, { quote, quantity }) => sum + quote.price.amount * quantity, 0);
  const areSmall = lines.every((line) => line.quantity <= quantityMax);
  return lines.length <= linesMax && areSmall && worth <= worthMax;
}

/** A line's quote by what the catalogue says now: null is a variant that it no longer knows. */
export function requoted(line: CartLine, now: ReadonlyMap<string, Quote | null>): Quote {
  const quote = now.get(line.variantId);
  if (quote === undefined) return line.quote;
  return quote ?? { ...line.quote, sellable: false };
}

/** Names what changed in a line by itself since the customer saw it. */
export function changesOf(line: CartLine, now: Quote): string[] {
  const changes: string[] = [];
  if (line.quote.price.amount !== now.price.amount) changes.push("price");
  if (line.quote.sellable && !now.sellable) changes.push("unavailable");
  return changes;
}

/** The weight of what has to be shipped. */
export function weightOf(lines: readonly CartLine[]): number {
  return lines.reduce(
    (sum, { quote, quantity }) => sum + (quote.requiresShipping ? quote.weightGrams * quantity : 0),
    0,
  );
}

/** Tells whether anything in the cart has to be shipped. */
export function needsShipping(lines: readonly CartLine[]): boolean {
  return lines.some((line) => line.quote.requiresShipping);
}

/** Names what a cart lacks before it can be ordered; nothing when it is complete. */
export function missingIn(cart: Cart): string[] {
  const shipped = needsShipping(cart.lines);
  const missing: string[] = [];
  if (cart.lines.length === 0) missing.push("lines");
  if (cart.email === null) missing.push("email");
  if (shipped && cart.address === null) missing.push("address");
  if (shipped && cart.shippingOptionId === null) missing.push("shipping_option");
  return missing;
}
