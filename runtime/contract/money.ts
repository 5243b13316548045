import type { Static } from "@sinclair/typebox";
import { t } from "./schema.ts";

const AMOUNT_MAX = 1_000_000_000_000;

/**
 * The schema of an amount: integer minor units of an ISO 4217 currency, as `{ amount: 1999,
 * currency: "EUR" }`.
 */
export const moneySchema = t.Object({
  amount: t.Integer({ minimum: -AMOUNT_MAX, maximum: AMOUNT_MAX }),
  currency: t.String({ pattern: "^[A-Z]{3}$" }),
});

/** An amount of money. Amounts of two currencies never mix: every function here throws on them. */
export type Money = Static<typeof moneySchema>;

/** Makes an amount from integer minor units; throws unless it is a safe integer in range. */
export function money(amount: number, currency: string): Money {
  if (!Number.isSafeInteger(amount) || Math.abs(amount) > AMOUNT_MAX) {
    throw new RangeError(`${amount} is no amount: use an integer of minor units up to 10^12.`);
  }
  return { amount: amount + 0, currency }; // Adding 0 makes -0 a 0, as a trip as JSON would.
}

/** Adds amounts of one currency. */
export function add(first: Money, ...others: readonly Money[]): Money {
  let amount = first.amount;
  for (const other of others) {
    assertSameCurrency(first, other);
    amount += other.amount;
  }
  return money(amount, first.currency);
}

/** Takes one amount from another of the same currency. */
export function subtract(from: Money, taken: Money): Money {
  assertSameCurrency(from, taken);
  return money(from.amount - taken.amount, from.currency);
}

/** Multiplies by a whole number. */
export function times(value: Money, factor: number): Money {
  return money(value.amount * factor, value.currency);
}

/** `amount × numerator / denominator`, rounded half away from zero, computed without overflow. */
export function ratio(value: Money, numerator: number, denominator: number): Money {
  const product = BigInt(value.amount) * BigInt(numerator);
  const divisor = BigInt(denominator);
  const negative = product < 0n !== divisor < 0n;
  const [high, low] = [product < 0n ? -product : product, divisor < 0n ? -divisor : divisor];
  const rounded = (2n * high + low) / (2n * low);
  return money(Number(negative ? -rounded : rounded), value.currency);
}

/**
 * Spreads an amount over weights by largest remainder, ties to the lower index: the shares' sum
 * is the amount exactly. All weights zero gives everything to the first.
 */
export function spread(value: Money, weights: readonly number[]): Money[] {
  const sum = weights.reduce((total, weight) => total + BigInt(weight), 0n);
  if (weights.length === 0 && value.amount !== 0) {
    throw new RangeError("An amount cannot be spread over nothing: give it at least one weight.");
  }
  if (sum === 0n) {
    return weights.map((_, index) => money(index === 0 ? value.amount : 0, value.currency));
  }
  const exact = weights.map((weight) => BigInt(value.amount) * BigInt(weight));
  const shares = exact.map((part) => Number(part / sum));
  let left = value.amount - shares.reduce((total, share) => total + share, 0);
  const unit = Math.sign(left);
  const byRemainder = exact
    .map((part, index) => ({ index, remainder: part % sum < 0n ? -(part % sum) : part % sum }))
    .sort((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
    );
  for (const { index } of byRemainder) {
    if (left === 0) break;
    // Shares and remainders are made from the same parts, so each index is one of both.
    shares[index] = (shares[index] as number) + unit;
    left -= unit;
  }
  return shares.map((share) => money(share, value.currency));
}

function assertSameCurrency(a: Money, b: Money): void {
  if (a.currency !== b.currency) {
    throw new TypeError(`${a.currency} and ${b.currency} cannot be combined.`);
  }
}
