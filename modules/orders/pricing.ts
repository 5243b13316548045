import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import type { Call, Read } from "#runtime";
import {
  type Cart,
  linesMax,
  needsShipping,
  type Quote,
  requoted,
  weightOf,
} from "./domain/cart.ts";
import { customerKey } from "./domain/coupon.ts";
import {
  type CartView,
  type Market,
  type PricedCart,
  priceCart,
  type ShippingOption,
  viewOf,
} from "./domain/priced-cart.ts";
import { homeCountry } from "./domain/tax.ts";
import { subtotalOf } from "./domain/totals.ts";
import { ratesOf } from "./store/carts.ts";
import { couponByCode, usesByCustomer } from "./store/coupons.ts";

export type Quotes = ReadonlyMap<string, Quote | null>;
export type Neighbours = Call<typeof products.quoteLines | typeof shipping.quote>;

/**
 * Asks the catalogue about variants; null stands for one that it does not know. It asks about the
 * first 100: one more than that cannot get into a cart, and lines keep the quote that they have.
 */
export async function quotesOf(call: Neighbours, variantIds: readonly string[]): Promise<Quotes> {
  const wanted = [...new Set(variantIds)].slice(0, linesMax);
  const quotes = new Map<string, Quote | null>(wanted.map((variantId) => [variantId, null]));
  if (wanted.length === 0) return quotes;
  for (const quote of await call(products.quoteLines, { variantIds: wanted })) {
    const { variantId, sku, title, price, taxClass } = quote;
    const { weightGrams, requiresShipping, sellable } = quote;
    const kept = { sku, title, price, taxClass, weightGrams, requiresShipping, sellable };
    quotes.set(variantId, kept);
  }
  return quotes;
}

/**
 * Asks what delivery of a cart to its address costs, cheapest first; null without an address or
 * goods.
 */
export async function optionsFor(
  call: Neighbours,
  cart: Cart,
  quotes: Quotes,
): Promise<ShippingOption[] | null> {
  const lines = cart.lines.map((line) => ({ ...line, quote: requoted(line, quotes) }));
  if (cart.address === null || !needsShipping(lines)) return null;
  const { country, postcode } = cart.address;
  const subtotal = subtotalOf(
    lines.map(({ quote, quantity }) => ({ unitPrice: quote.price, quantity })),
  );
  const weightGrams = weightOf(lines);
  return await call(shipping.quote, { country, postcode, weightGrams, subtotal });
}

/** What the neighbours said, and when it is used. */
export interface Asked {
  readonly quotes: Quotes;
  readonly options: readonly ShippingOption[] | null;
  readonly nowMs: number;
}

/** The market of a cart: what the neighbours said, with this module's own rates and coupons. */
function marketOf(on: Read, cart: Cart, asked: Asked): Market {
  const { couponCode: code, email } = cart;
  const coupon = code === null ? undefined : couponByCode(on, code);
  const limited = coupon !== undefined && coupon.usesPerCustomerMax !== null && email !== null;
  return {
    ...asked,
    rates: ratesOf(on, cart.address?.country ?? homeCountry),
    coupon,
    usesByCustomer: limited
      ? usesByCustomer(on, { code: coupon.code, customer: customerKey(email) })
      : 0,
  };
}

/** Prices a cart with what the neighbours said. */
export function priced(on: Read, cart: Cart, asked: Asked): PricedCart {
  return priceCart(cart, marketOf(on, cart, asked));
}

/** The priced cart as its customer sees it. */
export function cartView(on: Read, cart: Cart, asked: Asked): CartView {
  return viewOf(cart, priced(on, cart, asked));
}
