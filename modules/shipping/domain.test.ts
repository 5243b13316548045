import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Method, quote, zoneOf } from "./domain/quote.ts";
import {
  cancelDecision,
  dispatchDecision,
  isComplete,
  linesToShip,
  shipmentStates,
  transition,
} from "./domain/shipment.ts";

const tier = fc.record({
  weightGramsMax: fc.integer({ min: 1, max: 5_000 }),
  amount: fc.integer({ min: 0, max: 9_999 }),
});
const method = fc.record({
  optionId: fc.string({ minLength: 1, maxLength: 5 }),
  label: fc.constant("Standard"),
  currency: fc.constantFrom("EUR", "USD"),
  freeFrom: fc.option(fc.integer({ min: 0, max: 20_000 })),
  daysMin: fc.constant(1),
  daysMax: fc.integer({ min: 1, max: 9 }),
  tiers: fc.uniqueArray(tier, { maxLength: 4, selector: (one) => one.weightGramsMax }),
});
const methods = fc.uniqueArray(method, { maxLength: 6, selector: (one) => one.optionId });
const parcel = fc.record({
  weightGrams: fc.integer({ min: 0, max: 6_000 }),
  subtotal: fc.record({
    amount: fc.integer({ min: 0, max: 30_000 }),
    currency: fc.constant("EUR"),
  }),
});

/** The obvious way to price one method, to compare with. */
function priceOf(one: Method, weightGrams: number, subtotal: number): number | undefined {
  const carrying = one.tiers.filter((tier) => tier.weightGramsMax >= weightGrams);
  const [lightest] = [...carrying].sort((a, b) => a.weightGramsMax - b.weightGramsMax);
  if (lightest === undefined) return undefined;
  return one.freeFrom !== null && subtotal >= one.freeFrom ? 0 : lightest.amount;
}

describe("a quote", () => {
  test("offers each method that carries the parcel, at its tier, cheapest first", () => {
    fc.assert(
      fc.property(methods, parcel, (all, { weightGrams, subtotal }) => {
        const offers = quote(all, { weightGrams, subtotal });
        const expected = all.flatMap((one) => {
          const amount = priceOf(one, weightGrams, subtotal.amount);
          return amount === undefined || one.currency !== "EUR" ? [] : [[one.optionId, amount]];
        });
        const offered = offers.map((one) => [one.optionId, one.price.amount]);
        expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(expected));
        const prices = offers.map((one) => one.price.amount);
        expect(prices).toEqual([...prices].sort((a, b) => a - b));
      }),
      { seed: 3 },
    );
  });

  test("never costs more when the order is worth more", () => {
    fc.assert(
      fc.property(methods, parcel, fc.nat(20_000), (all, { weightGrams, subtotal }, more) => {
        const richer = { amount: subtotal.amount + more, currency: subtotal.currency };
        const before = quote(all, { weightGrams, subtotal });
        for (const { optionId, price } of quote(all, { weightGrams, subtotal: richer })) {
          const same = before.find((one) => one.optionId === optionId);
          expect(price.amount).toBeLessThanOrEqual(same?.price.amount ?? -1);
        }
      }),
      { seed: 4 },
    );
  });

  test("is for the zone of the longest matching postcode, however it is written", () => {
    const areas = [
      { postcodePrefix: "", zoneId: "eu" },
      { postcodePrefix: "35", zoneId: "islands" },
      { postcodePrefix: "3520", zoneId: "town" },
    ];
    expect(zoneOf(areas, "28001")).toBe("eu");
    expect(zoneOf(areas, "35 001")).toBe("islands");
    expect(zoneOf(areas, " 35-201")).toBe("town");
    expect(zoneOf([], "35201")).toBeUndefined();
  });
});

const line = fc.record({
  variantId: fc.constantFrom("a", "b", "c"),
  quantity: fc.integer({ min: 1, max: 5 }),
});
const unitsOf = (lines: readonly { quantity: number }[]) =>
  lines.reduce((sum, one) => sum + one.quantity, 0);

describe("the lines of a shipment", () => {
  test("never take more than is left, however often one asks (O9)", () => {
    const asked = fc.array(fc.option(fc.array(line, { minLength: 1, maxLength: 4 })), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), asked, (ordered, requests) => {
        const live: { variantId: string; quantity: number }[] = [];
        for (const wanted of requests) {
          const lines = linesToShip({ ordered, live, wanted: wanted ?? undefined });
          if (lines !== undefined) live.push(...lines);
          for (const variantId of ["a", "b", "c"]) {
            const of = (all: readonly { variantId: string; quantity: number }[]) =>
              unitsOf(all.filter((one) => one.variantId === variantId));
            expect(of(live)).toBeLessThanOrEqual(of(ordered));
          }
        }
        const rest = linesToShip({ ordered, live, wanted: undefined }) ?? [];
        expect(unitsOf(live) + unitsOf(rest)).toBe(unitsOf(ordered));
        expect(isComplete(ordered, [...live, ...rest])).toBe(true);
      }),
      { seed: 5 },
    );
  });

  test("are refused as a whole when one variant is too many, or unknown", () => {
    const ordered = [
      { variantId: "a", quantity: 2 },
      { variantId: "b", quantity: 1 },
    ];
    const wanted = [
      { variantId: "b", quantity: 1 },
      { variantId: "a", quantity: 3 },
    ];
    expect(linesToShip({ ordered, live: [], wanted })).toBeUndefined();
    const unknown = [{ variantId: "z", quantity: 1 }];
    expect(linesToShip({ ordered, live: [], wanted: unknown })).toBeUndefined();
    expect(linesToShip({ ordered, live: ordered, wanted: undefined })).toBeUndefined();
  });
});

describe("a shipment's states", () => {
  test("allow six moves, and no other", () => {
    const moves = shipmentStates.flatMap((from) =>
      shipmentStates.filter((to) => transition(from, to) === "move").map((to) => `${from} ${to}`),
    );
    expect(moves.sort()).toEqual([
      "packed cancelled",
      "packed ship_requested",
      "pending cancelled",
      "pending packed",
      "ship_requested shipped",
      "shipped delivered",
    ]);
  });

  test("make it too late to cancel once it has left, and not while it is dispatched", () => {
    const decided = (scope: "whole" | "rest") =>
      shipmentStates.map((state) => cancelDecision([state, "packed"], scope));
    expect(decided("whole")).toEqual([
      "cancel",
      "cancel",
      "wait",
      "too late",
      "too late",
      "cancel",
    ]);
    expect(decided("rest")).toEqual([
      "cancel",
      "cancel",
      "wait",
      "cancel rest",
      "cancel rest",
      "cancel",
    ]);
    expect(cancelDecision(["shipped", "ship_requested"], "whole")).toBe("too late");
    expect(cancelDecision(["shipped", "ship_requested"], "rest")).toBe("wait");
    expect(cancelDecision([], "whole")).toBe("cancel");
  });

  test("take a second dispatch as a repetition only with the same carrier and number", () => {
    const sent = { carrier: "DHL", trackingNumber: "1" };
    const shipment = {
      shipmentId: "s",
      orderId: "o",
      failure: null,
      dispatches: 1,
      state: "shipped" as const,
      ...sent,
    };
    expect(dispatchDecision(shipment, sent)).toBe("done");
    expect(dispatchDecision(shipment, { ...sent, trackingNumber: "2" })).toBe("illegal");
    expect(dispatchDecision({ ...shipment, state: "packed" }, sent)).toBe("move");
    expect(dispatchDecision({ ...shipment, state: "delivered" }, sent)).toBe("illegal");
  });
});
