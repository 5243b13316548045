import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { money } from "#runtime";
import {
  assertCartMove,
  type CartLine,
  cartStates,
  changesOf,
  mergeLines,
  requoted,
} from "./cart.ts";
import { rejectionFor, verdictOn } from "./checkout.ts";
import { cursorAfter, numberOf } from "./cursor.ts";
import {
  assertOrderMove,
  moneyViolation,
  orderStatuses,
  stockViolation,
  timelineLeadsTo,
} from "./order.ts";

function eur(amount: number) {
  return money(amount, "EUR");
}

function lineOf(variantId: string, quantity: number): CartLine {
  return {
    itemId: `itm_${variantId}`,
    variantId,
    quantity,
    quote: {
      sku: variantId,
      title: variantId,
      price: eur(100),
      taxClass: "standard",
      weightGrams: 10,
      requiresShipping: true,
      sellable: true,
    },
  };
}

describe("moves", () => {
  test("of an order throw, all but these six (O4)", () => {
    const legal = new Set([
      "pending confirmed",
      "pending rejected",
      "confirmed cancelling",
      "confirmed completed",
      "cancelling cancelled",
      "cancelling confirmed",
    ]);
    for (const from of orderStatuses) {
      for (const to of orderStatuses) {
        const move = () => assertOrderMove({ from, to });
        if (legal.has(`${from} ${to}`)) expect(move).not.toThrow();
        else expect(move).toThrow(`An order that is ${from} cannot become ${to}`);
      }
    }
  });

  test("of a cart throw, all but these five", () => {
    const legal = new Set([
      "open locked",
      "open merged",
      "open expired",
      "locked ordered",
      "locked open",
    ]);
    for (const from of cartStates) {
      for (const to of cartStates) {
        const move = () => assertCartMove({ from, to });
        if (legal.has(`${from} ${to}`)) expect(move).not.toThrow();
        else expect(move).toThrow(`A cart that is ${from} cannot become ${to}`);
      }
    }
  });

  test("are told by the timeline, whatever stands between them", () => {
    const timeline = ["pending", "confirmed", "shipped", "cancelling", "confirmed"];
    const lines = timeline.map((what) => ({ what }));
    expect(timelineLeadsTo("confirmed", lines)).toBe(true);
    expect(timelineLeadsTo("completed", lines)).toBe(false);
    expect(timelineLeadsTo("completed", [{ what: "pending" }, { what: "completed" }])).toBe(false);
    expect(timelineLeadsTo("confirmed", [{ what: "confirmed" }])).toBe(false);
  });
});

describe("lines of a cart", () => {
  test("merge by variant and lose no unit (K2)", () => {
    const lines = fc.array(
      fc
        .tuple(fc.constantFrom("a", "b", "c", "d"), fc.integer({ min: 1, max: 20 }))
        .map(([variantId, quantity]) => lineOf(variantId, quantity)),
      { maxLength: 10 },
    );
    fc.assert(
      fc.property(lines, lines, (into, added) => {
        const merged = mergeLines(mergeLines([], into) ?? [], added) ?? [];
        const units = (some: readonly CartLine[], variantId: string) =>
          some
            .filter((line) => line.variantId === variantId)
            .reduce((sum, { quantity }) => sum + quantity, 0);
        for (const variantId of ["a", "b", "c", "d"]) {
          expect(units(merged, variantId)).toBe(units([...into, ...added], variantId));
        }
        expect(new Set(merged.map((line) => line.variantId)).size).toBe(merged.length);
      }),
    );
  });

  test("do not grow past 999 units, nor the cart past 100 lines", () => {
    expect(mergeLines([lineOf("a", 999)], [lineOf("a", 1)])).toBeNull();
    const full = Array.from({ length: 100 }, (_, index) => lineOf(`v${index}`, 1));
    expect(mergeLines(full, [lineOf("one more", 1)])).toBeNull();
    expect(mergeLines(full, [lineOf("v7", 1)])).toHaveLength(100);
  });

  test("tell what changed since their customer saw them", () => {
    const line = lineOf("a", 1);
    expect(changesOf(line, { ...line.quote, price: eur(120) })).toEqual(["price"]);
    expect(changesOf(line, requoted(line, new Map([["a", null]])))).toEqual(["unavailable"]);
    expect(changesOf(line, requoted(line, new Map()))).toEqual([]);
  });
});

describe("a payment", () => {
  const order = { total: eur(1_000), placedAtMs: 0 };
  const payment = { authorised: eur(1_000), captured: eur(0), declineCode: null };

  test("of the whole total lets the checkout go on", () => {
    expect(verdictOn({ ...payment, state: "authorised" }, order)).toEqual({ kind: "paid" });
  });

  test("of another amount does not (M3)", () => {
    const wrong = { ...payment, state: "authorised", authorised: eur(999) };
    expect(verdictOn(wrong, order)).toMatchObject({ kind: "refused", code: "payment_mismatch" });
  });

  test("without an answer is waited for, and not taken for a decline", () => {
    for (const state of ["unknown", "authorising", "created"]) {
      expect(verdictOn({ ...payment, state }, order)).toEqual({ kind: "open", untilMs: 600_000 });
    }
    expect(verdictOn(null, order)).toEqual({ kind: "open", untilMs: 600_000 });
    const untilMs = 720_000;
    const action = { ...payment, state: "action_required" };
    expect(verdictOn(action, order)).toEqual({ kind: "open", untilMs });
  });

  test("that was declined gives its code to the order's rejection", () => {
    const declined = { ...payment, state: "declined", declineCode: "card_declined" };
    const verdict = verdictOn(declined, order);
    expect(verdict).toEqual({
      kind: "refused",
      code: "payment_declined",
      data: { code: "card_declined" },
    });
  });

  test("that is kept for an order which ended without it is a violation (M4, O7)", () => {
    const total = { total: eur(1_000), refunded: eur(0) };
    const rejected = { status: "rejected", total: 1_000, refunded: 0 } as const;
    const held = { ...total, state: "authorised", authorised: eur(1_000), captured: eur(0) };
    const taken = { ...total, state: "captured", authorised: eur(1_000), captured: eur(1_000) };
    expect(moneyViolation(rejected, held)).toBe("O7");
    expect(moneyViolation(rejected, taken)).toBe("M4");
    const whole = { ...taken, refunded: eur(1_000) };
    expect(moneyViolation(rejected, whole)).toBe("M4");
    expect(moneyViolation({ ...rejected, refunded: 1_000 }, whole)).toBeNull();
    expect(moneyViolation({ ...rejected, status: "cancelled" }, whole)).toBe("M4");
    expect(moneyViolation({ ...rejected, status: "confirmed" }, whole)).toBe("M4");
    expect(moneyViolation(rejected, { ...held, state: "voiding" })).toBeNull();
    expect(moneyViolation({ ...rejected, status: "confirmed" }, null)).toBe("M3");
    expect(moneyViolation({ ...rejected, status: "completed" }, taken)).toBeNull();
  });
});

test("stock that an ended order still holds is a violation (O7)", () => {
  expect(stockViolation("rejected", { state: "held" }, true)).toBe("O7");
  expect(stockViolation("cancelled", { state: "released" }, true)).toBeNull();
  expect(stockViolation("confirmed", { state: "committed" }, true)).toBeNull();
  expect(stockViolation("confirmed", null, true)).toBe("O5");
  expect(stockViolation("confirmed", null, false)).toBeNull();
});

test("a rejection has the failure's code in lower case and flat data", () => {
  const failure = { code: "OUT_OF_STOCK", data: { shortages: [{ variantId: "a" }], tries: 2 } };
  expect(rejectionFor(failure)).toEqual({
    code: "out_of_stock",
    data: { shortages: '[{"variantId":"a"}]', tries: "2" },
  });
  expect(rejectionFor(null)).toEqual({ code: "deadline", data: {} });
});

test("a cursor leads back to its order's number, and others are refused", () => {
  expect(numberOf(cursorAfter(100_042))).toBe(100_042);
  expect(numberOf(undefined)).toBe(Number.MAX_SAFE_INTEGER);
  for (const cursor of ["", "%", "abc", btoa("n-1"), btoa("100042"), "n1"]) {
    expect(numberOf(cursor)).toBeNull();
  }
});
