import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  commitDecision,
  crossing,
  demandOf,
  offered,
  releaseDecision,
  reservationStates,
} from "./domain.ts";

const line = fc.record({
  variantId: fc.constantFrom("a", "b", "c"),
  quantity: fc.integer({ min: 1, max: 9_999 }),
});

describe("demand", () => {
  test("has each variant once, and as many units as the lines", () => {
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), (lines) => {
        const demand = demandOf(lines);
        expect(new Set(demand.map((one) => one.variantId)).size).toBe(demand.length);
        for (const { variantId, quantity } of demand) {
          const units = lines
            .filter((one) => one.variantId === variantId)
            .reduce((sum, one) => sum + one.quantity, 0);
          expect(quantity).toBe(units);
        }
        const variants = new Set(lines.map((one) => one.variantId));
        expect(demand.length).toBe(variants.size);
      }),
      { seed: 1 },
    );
  });
});

describe("running out and coming back", () => {
  test("alternate, whatever happens to the available units in between", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 40 }), (levels) => {
        let before = 0;
        let isOut = true;
        for (const after of levels) {
          const crossed = crossing(after - before, after);
          if (crossed === "ran out") expect(isOut).toBe(false);
          if (crossed === "came back") expect(isOut).toBe(true);
          if (crossed !== null) isOut = crossed === "ran out";
          expect(isOut).toBe(after === 0);
          before = after;
        }
      }),
      { seed: 2 },
    );
  });

  test("say nothing about a change that leaves some, or none as before", () => {
    expect(crossing(-1, 1)).toBeNull();
    expect(crossing(0, 0)).toBeNull();
    expect(crossing(0, 3)).toBeNull();
  });
});

describe("what customers see", () => {
  test.each([
    [-1, { state: "out", orderableMax: 0 }],
    [0, { state: "out", orderableMax: 0 }],
    [1, { state: "low", orderableMax: 1 }],
    [5, { state: "low", orderableMax: 5 }],
    [6, { state: "in_stock", orderableMax: 6 }],
    [100_000, { state: "in_stock", orderableMax: 99 }],
  ] as const)("of %d available units is %j", (available, seen) => {
    expect(offered(available)).toEqual(seen);
  });
});

describe("decisions", () => {
  test("a commit tries again only what has expired", () => {
    expect([undefined, ...reservationStates].map(commitDecision)).toEqual([
      "not found",
      "commit",
      "done",
      "done",
      "released",
      "hold again",
    ]);
  });

  test("a release never takes back what has left the shelf", () => {
    expect(releaseDecision("committed", true)).toBe("refuse");
    expect(releaseDecision("consumed", true)).toBe("refuse");
    expect(releaseDecision("committed", false)).toBe("give back");
    expect(releaseDecision("held", false)).toBe("give back");
  });

  test("a release marks an order that holds nothing, so that nothing can come late", () => {
    expect(releaseDecision(undefined, false)).toBe("leave a mark");
    expect(releaseDecision("expired", false)).toBe("leave a mark");
    expect(releaseDecision("released", false)).toBe("done");
  });
});
