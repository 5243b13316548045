import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { add, money, ratio, spread, subtract, times } from "./money.ts";

const amount = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
const weight = fc.integer({ min: 0, max: 1_000_000 });
const euro = (value: number) => money(value, "EUR");

describe("spreading an amount", () => {
  test("gives shares that sum to it exactly, each within one unit of its part", () => {
    fc.assert(
      fc.property(amount, fc.array(weight, { minLength: 1, maxLength: 8 }), (value, weights) => {
        const shares = spread(euro(value), weights);
        const total = weights.reduce((sum, one) => sum + one, 0);
        expect(shares.reduce((sum, share) => sum + share.amount, 0)).toBe(value);
        expect(shares).toHaveLength(weights.length);
        if (total === 0) return;
        for (const [index, share] of shares.entries()) {
          const part = BigInt(value) * BigInt(weights[index] ?? 0);
          const apart = BigInt(share.amount) * BigInt(total) - part;
          expect(apart < BigInt(total) && apart > -BigInt(total)).toBe(true);
        }
      }),
    );
  });

  test.each([
    [100, [1, 1, 1], [34, 33, 33]],
    [-100, [1, 1, 1], [-34, -33, -33]],
    [5, [0, 0], [5, 0]],
    [10, [1, 0, 2], [3, 0, 7]],
    [0, [], []],
  ])("%d over %p gives %p", (value, weights, shares) => {
    expect(spread(euro(value), weights)).toEqual(shares.map(euro));
  });

  test("over nothing is refused", () => {
    expect(() => spread(euro(1), [])).toThrow(/cannot be spread over nothing/);
  });
});

test("a ratio is the exact fraction rounded half away from zero", () => {
  const denominator = fc
    .oneof(amount, fc.integer({ min: -20, max: 20 }))
    .filter((one) => one !== 0);
  fc.assert(
    fc.property(
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.integer({ min: -1_000, max: 1_000 }),
      denominator,
      (value, numerator, low) => {
        const rounded = BigInt(ratio(euro(value), numerator, low).amount);
        const product = BigInt(value) * BigInt(numerator);
        const twiceOff = 2n * (product - rounded * BigInt(low));
        const size = low < 0 ? BigInt(-low) : BigInt(low);
        expect(twiceOff <= size && twiceOff >= -size).toBe(true);
        const tie = twiceOff === size || twiceOff === -size;
        const towardsZero = rounded * rounded * size * size < product * product;
        expect(tie && towardsZero).toBe(false);
      },
    ),
  );
});

describe("amounts", () => {
  test.each([[0.5], [Number.NaN], [1_000_000_000_001], [Number.POSITIVE_INFINITY]])(
    "%d is refused",
    (value) => {
      expect(() => euro(value)).toThrow(/is no amount: use an integer of minor units/);
    },
  );

  test("of two currencies never mix", () => {
    expect(() => add(euro(1), euro(1), money(1, "CHF"))).toThrow("EUR and CHF cannot be combined.");
    expect(() => subtract(euro(1), money(1, "CHF"))).toThrow("EUR and CHF cannot be combined.");
  });

  test("are never -0, which JSON would turn into 0", () => {
    expect(times(euro(-5), 0)).toStrictEqual(euro(0));
    expect(Object.is(times(euro(-5), 0).amount, 0)).toBe(true);
  });

  test("add up and take away", () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(subtract(add(euro(a), euro(b)), euro(b))).toEqual(euro(a));
      }),
    );
  });
});
