import { describe, expect, test } from "bun:test";
import { command, contract } from "../contract/contract.ts";
import { DomainError } from "../contract/errors.ts";
import { t } from "../contract/schema.ts";
import { answerIn, answerText, hashOf } from "./answers.ts";

const safe = contract("safe", {
  guess: command({
    input: t.Object({}),
    output: t.Object({ code: t.String() }),
    errors: { WRONG: t.Object({ n: t.Integer() }) },
  }),
});

describe("the hash of a request", () => {
  test("does not depend on the order of properties, nor on those that are not there", () => {
    const one = { orderId: "o", lines: [{ sku: "a", count: 1 }], note: undefined };
    const other = { lines: [{ count: 1, sku: "a" }], orderId: "o" };
    expect(hashOf(one)).toBe(hashOf(other));
  });

  test.each([
    [{ a: "1" }, { a: 1 }],
    [{ a: null }, { a: "null" }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: [12] }, { a: [1, 2] }],
    [{ a: "b", c: "d" }, { a: "b1:c1:d" }],
    [{ a: {} }, { a: [] }],
    [{}, { a: {} }],
  ])("of %j is another than that of %j", (one, other) => {
    expect(hashOf(one)).not.toBe(hashOf(other));
  });
});

test("a refusal is kept as what a version that knows of none cannot take for an answer", () => {
  const refusal = new DomainError("WRONG", { n: 1 }, "safe.guess");
  expect(() => JSON.parse(answerText(refusal))).toThrow();
  expect(() => answerIn(answerText(refusal), safe.guess)).toThrow(refusal);
  expect(answerIn(answerText({ code: "WRONG" }), safe.guess)).toEqual({ code: "WRONG" });
});
