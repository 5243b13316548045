import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Fact,
  factKinds,
  nextLookMs,
  nextUndo,
  type Operation,
  outcomeOf,
  refundable,
  standing,
} from "./ledger.ts";

const authorise: Operation = {
  operationId: "op_a",
  kind: "authorise",
  amount: 900,
  state: "sent",
};

function fact(kind: Fact["kind"], about: Partial<Fact> = {}): Fact {
  return {
    kind,
    amount: 900,
    providerRef: "pi_1",
    operationId: "op_a",
    detail: null,
    ...about,
  };
}

const anyFact: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constantFrom(...factKinds),
  amount: fc.constant(900),
  providerRef: fc.constantFrom("pi_1", "cap_1", "re_1", "re_2"),
  operationId: fc.constantFrom("op_a", "op_c", "op_r", null),
  detail: fc.constantFrom("one", "two", null),
});

const operations: Operation[] = [
  authorise,
  { operationId: "op_c", kind: "capture", amount: 900, state: "unknown" },
  { operationId: "op_v", kind: "void", amount: 900, state: "sent" },
  { operationId: "op_r", kind: "refund", amount: 300, state: "pending" },
];

describe("the fold", () => {
  test("gives the same standing for every permutation and duplication of the facts", () => {
    const story = fc
      .uniqueArray(anyFact, { maxLength: 12, selector: (one) => `${one.kind} ${one.providerRef}` })
      .chain((facts) => {
        const twice = [...facts, ...facts];
        const told = fc.shuffledSubarray(twice, { minLength: twice.length });
        return fc.record({ facts: fc.constant(facts), told });
      });
    fc.assert(
      fc.property(story, ({ facts, told }) => {
        const settled = (known: Fact[]) =>
          operations.map((one) => ({ ...one, state: outcomeOf(one, known) }));
        expect(standing(told, settled(told))).toEqual(standing(facts, settled(facts)));
      }),
    );
  });

  test("ends alike whether facts are folded one by one or all at once", () => {
    fc.assert(
      fc.property(fc.array(anyFact, { maxLength: 10 }), (facts) => {
        let known: Fact[] = [];
        let states = operations;
        for (const one of facts) {
          known = [...known, one];
          states = states.map((operation) => ({
            ...operation,
            state: outcomeOf(operation, known),
          }));
        }
        const atOnce = operations.map((one) => ({ ...one, state: outcomeOf(one, facts) }));
        expect(standing(known, states)).toEqual(standing(facts, atOnce));
      }),
    );
  });

  test("is authorising while the first answer is awaited, and unknown when it did not come", () => {
    expect(standing([], [authorise]).state).toBe("authorising");
    expect(standing([], [{ ...authorise, state: "unknown" }]).state).toBe("unknown");
  });

  test("takes a capture back when the provider does, and keeps the money held", () => {
    const held = fact("authorised");
    const taken = fact("captured", { providerRef: "cap_1", operationId: "op_c" });
    const lost = fact("capture_failed", { providerRef: "cap_1", operationId: "op_c" });
    expect(standing([held, taken], []).state).toBe("captured");
    expect(standing([lost, taken, held], [])).toMatchObject({ state: "authorised", captured: 0 });
  });

  test("a capture that failed does not undo another one", () => {
    const facts = [
      fact("authorised"),
      fact("capture_failed", { providerRef: "cap_1", operationId: "op_c" }),
      fact("captured", { providerRef: "cap_2", operationId: "op_d" }),
    ];
    expect(standing(facts, [])).toMatchObject({ state: "captured", captured: 900 });
  });

  test("counts a refund that is under way against what is left", () => {
    const facts = [fact("authorised"), fact("captured", { providerRef: "cap_1" })];
    const asked: Operation = { operationId: "op_r", kind: "refund", amount: 400, state: "sent" };
    const now = standing(facts, [asked]);
    expect(now).toMatchObject({ captured: 900, refunded: 0, pendingRefunds: 400 });
    expect(refundable(now)).toBe(500);
  });

  test("says when facts cannot both be", () => {
    expect(standing([fact("authorised"), fact("voided")], []).conflicting).toBe(false);
    expect(standing([fact("captured"), fact("voided")], []).conflicting).toBe(true);
    expect(standing([fact("authorised"), fact("declined")], []).conflicting).toBe(true);
  });
});

describe("making whole", () => {
  const balance = { captured: 0, refunded: 0, pendingRefunds: 0 };

  test.each([
    ["declined", "whole"],
    ["voided", "whole"],
    ["unknown", "wait"],
    ["capturing", "wait"],
    ["authorised", "void"],
    ["action_required", "void"],
  ] as const)("a payment that is %s is answered by: %s", (state, undo) => {
    expect(nextUndo({ ...balance, state })).toBe(undo);
  });

  test("gives back what was taken, waits for what is under way, and then is whole", () => {
    const taken = { ...balance, state: "captured", captured: 900 } as const;
    expect(nextUndo(taken)).toBe("refund");
    expect(nextUndo({ ...taken, pendingRefunds: 900 })).toBe("wait");
    expect(nextUndo({ ...taken, refunded: 900 })).toBe("whole");
  });
});

describe("the next look", () => {
  const about = { captured: 0, refunded: 0, pendingRefunds: 0, createdAtMs: 0, reversed: false };

  test("comes after growing pauses while the outcome is unknown", () => {
    const pause = (round: number) => nextLookMs({ ...about, state: "unknown" }, round, 0);
    expect([0, 1, 2, 3].map(pause)).toEqual([1_000, 2_000, 4_000, 8_000]);
    expect(pause(50)).toBe(15 * 60_000);
  });

  test("is never for what cannot change any more", () => {
    expect(nextLookMs({ ...about, state: "voided" }, 0, 0)).toBeNull();
    expect(nextLookMs({ ...about, state: "captured", captured: 900 }, 0, 0)).toBeNull();
  });

  test("is when an authorisation ends, unless its order was reversed", () => {
    const held = { ...about, state: "authorised" } as const;
    expect(nextLookMs(held, 0, 5)).toBe(7 * 24 * 60 * 60_000);
    expect(nextLookMs({ ...held, reversed: true }, 0, 5)).toBe(1_005);
  });
});
