import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { add, money } from "#runtime";
import {
  type Coupon,
  type CouponClaim,
  type CouponRefusal,
  couponRefusal,
  customerKey,
  discountOf,
} from "./coupon.ts";
import { type Basis, subtotalOf, totalsOf } from "./totals.ts";

function eur(amount: number) {
  return money(amount, "EUR");
}

const line = fc.record({
  unitPrice: fc.integer({ min: 0, max: 5_000_000 }).map(eur),
  quantity: fc.integer({ min: 1, max: 999 }),
  rateBasisPoints: fc.constantFrom(0, 550, 700, 1_900, 2_550),
});
const basis: fc.Arbitrary<Basis> = fc
  .record({
    lines: fc.array(line, { minLength: 1, maxLength: 30 }),
    part: fc.integer({ min: 0, max: 10_000 }),
    shipping: fc.integer({ min: 0, max: 50_000 }).map(eur),
    shippingRateBasisPoints: fc.constantFrom(0, 1_900),
  })
  .map(({ lines, part, ...rest }) => {
    const subtotal = subtotalOf(lines).amount;
    return { ...rest, lines, discount: eur(Math.floor((subtotal / 10_000) * part)) };
  });

describe("totals", () => {
  test("are the sum of the lines' and the shipping's net and tax, to the cent (M2)", () => {
    fc.assert(
      fc.property(basis, (given) => {
        const { lines, totals } = totalsOf(given);
        const ofLines = lines.reduce((sum, { net, tax }) => sum + net.amount + tax.amount, 0);
        expect(ofLines + totals.shipping.amount).toBe(totals.total.amount);
      }),
    );
  });

  test("have tax lines that add up to the tax, and with their nets to the total (M2)", () => {
    fc.assert(
      fc.property(basis, (given) => {
        const { taxLines, tax, total } = totalsOf(given).totals;
        expect(add(eur(0), ...taxLines.map((one) => one.tax))).toEqual(tax);
        expect(add(tax, ...taxLines.map((one) => one.net))).toEqual(total);
        const rates = taxLines.map(({ rateBasisPoints }) => rateBasisPoints);
        expect(new Set(rates).size).toBe(rates.length);
      }),
    );
  });

  test("have discount shares that add up to the discount, none above its line (M2)", () => {
    fc.assert(
      fc.property(basis, (given) => {
        const { lines, totals } = totalsOf(given);
        expect(add(eur(0), ...lines.map((one) => one.discount))).toEqual(totals.discount);
        for (const { net, tax } of lines) {
          expect(net.amount).toBeGreaterThanOrEqual(0);
          expect(tax.amount).toBeGreaterThanOrEqual(0);
        }
        expect(totals.total.amount).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test("take the tax out of the price after the discount", () => {
    const { lines, totals } = totalsOf({
      lines: [
        { unitPrice: eur(1_190), quantity: 1, rateBasisPoints: 1_900 },
        { unitPrice: eur(1_070), quantity: 2, rateBasisPoints: 700 },
      ],
      discount: eur(333),
      shipping: eur(490),
      shippingRateBasisPoints: 1_900,
    });
    expect(lines).toEqual([
      { discount: eur(119), net: eur(900), tax: eur(171) },
      { discount: eur(214), net: eur(1_800), tax: eur(126) },
    ]);
    expect(totals).toEqual({
      subtotal: eur(3_330),
      discount: eur(333),
      shipping: eur(490),
      tax: eur(375),
      taxLines: [
        { rateBasisPoints: 1_900, net: eur(1_312), tax: eur(249) },
        { rateBasisPoints: 700, net: eur(1_800), tax: eur(126) },
      ],
      total: eur(3_487),
    });
  });

  test("of an empty cart are nothing", () => {
    const none = { lines: [], discount: eur(0), shipping: eur(0), shippingRateBasisPoints: 1_900 };
    expect(totalsOf(none).totals).toMatchObject({ total: eur(0), tax: eur(0), taxLines: [] });
  });
});

describe("a coupon", () => {
  const coupon = {
    code: "TEA10",
    kind: "percent" as const,
    value: 1_000,
    minimumSubtotal: 2_000,
    startsAtMs: 100,
    endsAtMs: 200,
    usesMax: 5,
    usesPerCustomerMax: 1,
    uses: 0,
  };
  const claim = { subtotal: eur(2_000), nowMs: 150, usesByCustomer: 0 };

  test("applies within its dates, limits and minimum", () => {
    expect(couponRefusal(coupon, claim)).toBeNull();
  });

  test.each<[CouponRefusal, Coupon | undefined, CouponClaim]>([
    ["unknown", undefined, claim],
    ["not_started", coupon, { ...claim, nowMs: 99 }],
    ["ended", coupon, { ...claim, nowMs: 200 }],
    ["used_up", { ...coupon, uses: 5 }, claim],
    ["used_by_customer", coupon, { ...claim, usesByCustomer: 1 }],
    ["subtotal_too_low", coupon, { ...claim, subtotal: eur(1_999) }],
  ])("is refused as %s", (refusal, given, at) => {
    expect(couponRefusal(given, at)).toBe(refusal);
  });

  test("takes its part off, rounded half up, and never more than the lines cost", () => {
    expect(discountOf(coupon, eur(1_995))).toEqual(eur(200));
    expect(discountOf({ ...coupon, kind: "fixed", value: 5_000 }, eur(700))).toEqual(eur(700));
    expect(discountOf({ ...coupon, value: 99_999 }, eur(700))).toEqual(eur(700));
    expect(discountOf({ ...coupon, kind: "free_shipping" }, eur(700))).toEqual(eur(0));
  });

  test("counts one mailbox as one customer, however it is spelled", () => {
    expect(customerKey(" Ann+shop@Example.COM ")).toBe("ann@example.com");
  });
});
