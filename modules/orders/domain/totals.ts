import { add, type Money, money, type OutputOf, ratio, spread, subtract, times } from "#runtime";
import type { orders } from "../contract.ts";

export type Totals = OutputOf<typeof orders.cartById>["totals"];

/** The one currency that the shop sells in. */
export const shopCurrency = "EUR";

/** What a line's sums are made of. Prices include tax. */
export interface LineBasis {
  readonly unitPrice: Money;
  readonly quantity: number;
  readonly rateBasisPoints: number;
}

/** Everything that the totals depend on, and nothing else: the same basis gives the same totals. */
export interface Basis {
  readonly lines: readonly LineBasis[];
  /** Off the lines as a whole; never more than their sum. */
  readonly discount: Money;
  readonly shipping: Money;
  readonly shippingRateBasisPoints: number;
}

export interface LineSums {
  readonly discount: Money;
  readonly net: Money;
  readonly tax: Money;
}

/** The sum of the lines before discount. */
export function subtotalOf(lines: readonly Omit<LineBasis, "rateBasisPoints">[]): Money {
  const zero = money(0, shopCurrency);
  return add(zero, ...lines.map((line) => times(line.unitPrice, line.quantity)));
}

/**
 * Computes an order's sums from prices that include tax.
 *
 * The discount is spread over the lines so that the shares add up to it exactly; tax is taken out
 * after the discount, rounded once for each line and once for shipping. So the total is the sum of
 * the lines' and the shipping's net and tax, to the cent.
 */
export function totalsOf(basis: Basis): { lines: LineSums[]; totals: Totals } {
  const gross = basis.lines.map((line) => times(line.unitPrice, line.quantity));
  const subtotal = subtotalOf(basis.lines);
  const shares = sharesOf(basis.discount, gross);
  const lines = basis.lines.map((line, index) => {
    const discount = shares[index] ?? money(0, shopCurrency);
    const paid = subtract(times(line.unitPrice, line.quantity), discount);
    return { discount, ...split(paid, line.rateBasisPoints) };
  });
  const shipping = split(basis.shipping, basis.shippingRateBasisPoints);
  const taxLines = groupedByRate([
    ...lines.map((line, index) => ({ ...line, rate: basis.lines[index]?.rateBasisPoints ?? 0 })),
    ...(basis.shipping.amount === 0 ? [] : [{ ...shipping, rate: basis.shippingRateBasisPoints }]),
  ]);
  const zero = money(0, shopCurrency);
  return {
    lines,
    totals: {
      subtotal,
      discount: basis.discount,
      shipping: basis.shipping,
      tax: add(zero, ...taxLines.map((line) => line.tax)),
      taxLines,
      total: add(subtract(subtotal, basis.discount), basis.shipping),
    },
  };
}

function sharesOf(discount: Money, gross: readonly Money[]): Money[] {
  if (discount.amount === 0) return gross.map(() => discount);
  return spread(
    discount,
    gross.map((line) => line.amount),
  );
}

function split(paid: Money, rateBasisPoints: number): { net: Money; tax: Money } {
  const net = ratio(paid, 10_000, 10_000 + rateBasisPoints);
  return { net, tax: subtract(paid, net) };
}

function groupedByRate(
  parts: readonly { rate: number; net: Money; tax: Money }[],
): Totals["taxLines"] {
  const byRate = new Map<number, { net: Money; tax: Money }>();
  for (const { rate, net, tax } of parts) {
    const sum = byRate.get(rate);
    byRate.set(rate, sum ? { net: add(sum.net, net), tax: add(sum.tax, tax) } : { net, tax });
  }
  return [...byRate]
    .sort(([a], [b]) => b - a)
    .map(([rateBasisPoints, sums]) => ({ rateBasisPoints, ...sums }));
}
