import { type Money, money, type OutputOf, times } from "#runtime";
import type { orders } from "../contract.ts";
import {
  type Cart,
  type CartLine,
  changesOf,
  needsShipping,
  type Quote,
  requoted,
} from "./cart.ts";
import { type Coupon, type CouponRefusal, couponRefusal, discountOf } from "./coupon.ts";
import type { TaxRates } from "./tax.ts";
import {
  type Basis,
  type LineSums,
  shopCurrency,
  subtotalOf,
  type Totals,
  totalsOf,
} from "./totals.ts";

export type CartView = OutputOf<typeof orders.cartById>;
export type ShippingOption = OutputOf<typeof orders.shippingOptions>[number];

/** What a cart's price depends on beside the cart. */
export interface Market {
  /**
   * By variant; null when the catalogue does not know it. Lines that are not here keep their quote.
   */
  readonly quotes: ReadonlyMap<string, Quote | null>;
  /** What delivery costs; null when nobody asked. */
  readonly options: readonly ShippingOption[] | null;
  readonly rates: TaxRates;
  /** The cart's coupon, if anybody issued it. */
  readonly coupon: Coupon | undefined;
  readonly usesByCustomer: number;
  readonly nowMs: number;
}

/** A cart with what it costs, and everything that an order needs to be made of it. */
export interface PricedCart {
  readonly lines: readonly { line: CartLine; quote: Quote; rateBasisPoints: number }[];
  /** The chosen delivery, when it is offered. */
  readonly shippingOptionId: string | null;
  readonly couponRefusal: CouponRefusal | null;
  readonly basis: Basis;
  readonly sums: readonly LineSums[];
  readonly totals: Totals;
}

/** Prices a cart at the given market. */
export function priceCart(cart: Cart, market: Market): PricedCart {
  const lines = cart.lines.map((line) => {
    const quote = requoted(line, market.quotes);
    return { line, quote, rateBasisPoints: market.rates[quote.taxClass] };
  });
  const bases = lines.map(({ line, quote, rateBasisPoints }) => ({
    unitPrice: quote.price,
    quantity: line.quantity,
    rateBasisPoints,
  }));
  const subtotal = subtotalOf(bases);
  const refusal =
    cart.couponCode === null ? null : couponRefusal(market.coupon, { ...market, subtotal });
  const coupon = refusal === null && cart.couponCode !== null ? market.coupon : undefined;
  const option = chosenOption(cart, market.options);
  const basis = {
    lines: bases,
    discount: coupon === undefined ? zero() : discountOf(coupon, subtotal),
    shipping: option === undefined || coupon?.kind === "free_shipping" ? zero() : option.price,
    shippingRateBasisPoints: market.rates.standard,
  };
  const { lines: sums, totals } = totalsOf(basis);
  const shippingOptionId = option?.optionId ?? null;
  return { lines, shippingOptionId, couponRefusal: refusal, basis, sums, totals };
}

/** The cart as its customer sees it. */
export function viewOf(cart: Cart, priced: PricedCart): CartView {
  return {
    cartId: cart.cartId,
    version: cart.version,
    state: cart.state,
    email: cart.email,
    address: cart.address,
    lines: priced.lines.map(({ line, quote }) => ({
      itemId: line.itemId,
      variantId: line.variantId,
      sku: quote.sku,
      title: quote.title,
      quantity: line.quantity,
      unitPrice: quote.price,
      total: times(quote.price, line.quantity),
      sellable: quote.sellable,
    })),
    shippingOptionId: priced.shippingOptionId,
    coupon:
      cart.couponCode === null
        ? null
        : {
            code: cart.couponCode,
            applies: priced.couponRefusal === null,
            reason: priced.couponRefusal,
          },
    totals: priced.totals,
    changes: priced.lines.flatMap(({ line, quote }) =>
      changesOf(line, quote).map((what) => ({ itemId: line.itemId, what })),
    ),
  };
}

/** Keeps the chosen delivery while it is offered; else takes the cheapest that is. */
export function keepOffered(cart: Cart, options: readonly ShippingOption[]): Cart {
  const { shippingOptionId } = cart;
  if (shippingOptionId === null) return cart;
  if (options.some((one) => one.optionId === shippingOptionId)) return cart;
  return { ...cart, shippingOptionId: options[0]?.optionId ?? null };
}

function chosenOption(cart: Cart, options: Market["options"]): ShippingOption | undefined {
  if (!needsShipping(cart.lines)) return undefined;
  return options?.find((one) => one.optionId === cart.shippingOptionId);
}

function zero(): Money {
  return money(0, shopCurrency);
}
