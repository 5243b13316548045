import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { fromWire, toWire } from "../transport/wire-error.ts";
import { checked } from "./check.ts";
import { command, contract, isDeclared, moduleName, query } from "./contract.ts";
import { DomainError } from "./errors.ts";
import { t } from "./schema.ts";

const shelf = contract("shelf", {
  take: command({
    input: t.Object({}),
    output: t.Object({}),
    errors: { TOO_FEW: t.Object({ left: t.Integer() }), GONE: t.Object({}) },
  }),
  put: command({ input: t.Object({}), output: t.Object({}), errors: { TOO_FEW: t.Object({}) } }),
});

describe("a misfit is told by place and reason:", () => {
  const schema = t.Object({
    count: t.Integer({ minimum: 1 }),
    currency: t.Optional(t.String({ pattern: "^[A-Z]{3}$" })),
  });
  const input = checked(schema, "The input of shelf.put");

  test.each([
    ["a number too small", { count: 0 }, "/count: expected integer to be greater or equal to 1."],
    ["a missing property", {}, "/count: expected required property."],
    ["another type", null, "/: expected object."],
    [
      "a pattern, as it is written",
      { count: 1, currency: "eur" },
      "/currency: expected string to match '^[A-Z]{3}$'.",
    ],
  ])("%s", (_what, value, reason) => {
    const message = `The input of shelf.put does not fit its contract: ${reason}`;
    expect(() => input.copy(value)).toThrow(message);
  });

  test("and the place is that of this use of the schema", () => {
    const elsewhere = checked(schema, "The output of shelf.take");
    expect(() => elsewhere.copy({})).toThrow(/^The output of shelf.take does not fit/);
    expect(() => input.copy({})).toThrow(/^The input of shelf.put does not fit/);
    expect(checked(schema, "The input of shelf.put")).toBe(input);
  });
});

describe("a contract", () => {
  test("names its procedures and itself, and cannot be changed", () => {
    expect(shelf.take).toMatchObject({ kind: "command", module: "shelf", name: "take" });
    expect(shelf[moduleName]).toBe("shelf");
    expect(Object.keys(shelf)).toEqual(["take", "put"]);
    expect(Object.isFrozen(shelf) && Object.isFrozen(shelf.take)).toBe(true);
  });

  test.each([
    ["Date", Type.Object({ at: Type.Date() }), "shelf.look input.at uses the schema kind Date"],
    ["BigInt", t.Object({ a: t.Array(Type.BigInt()) }), "input.a[] uses the schema kind BigInt"],
    ["Undefined", t.Object({ a: t.Union([t.Null(), Type.Undefined()]) }), "input.a uses the"],
    ["Any", t.Object({ a: t.Record(t.String(), Type.Any()) }), "input.a{} uses the schema kind"],
    ["Tuple", t.Object({ a: Type.Tuple([t.String()]) }), "input.a uses the schema kind Tuple"],
    [
      "a Date that a list contains",
      t.Object({ a: t.Array(t.String(), { contains: Type.Date() }) }),
      "shelf.look input.a[] uses the schema kind Date",
    ],
    [
      "an inherited name in what a list contains",
      t.Object({ a: t.Array(t.Object({}), { contains: t.Object({ toString: t.String() }) }) }),
      "shelf.look input.a[] has a property toString, which every object has",
    ],
    ["Function", t.Object({ a: Type.Function([], t.Null()) }), "the schema kind Function, which"],
  ])("refuses a schema with %s, saying where it is", (_kind, input, sentence) => {
    const define = () => contract("shelf", { look: query({ input, output: t.Null() }) });
    expect(define).toThrow(sentence);
  });

  test("refuses an error that is not written in upper snake", () => {
    const look = query({ input: t.Object({}), output: t.Null(), errors: { tooFew: t.Object({}) } });
    expect(() => contract("shelf", { look })).toThrow(
      "shelf.look declares the error tooFew. Write it as UPPER_SNAKE.",
    );
  });
});

test("a declared error is recognised by procedure and code, also after a trip as JSON", () => {
  const error = new DomainError("TOO_FEW", { left: 2 }, "shelf.take");
  const arrived = fromWire(JSON.parse(JSON.stringify(toWire(error))));
  for (const one of [error, arrived]) {
    expect(isDeclared(one, shelf.take, "TOO_FEW") && one.data.left).toBe(2);
    expect(isDeclared(one, shelf.take, "GONE")).toBe(false);
    expect(isDeclared(one, shelf.put, "TOO_FEW")).toBe(false);
  }
  expect(isDeclared({ ...error }, shelf.take, "TOO_FEW")).toBe(false);
});

describe("a record", () => {
  const { look } = contract("shelf", {
    look: query({
      input: t.Object({
        counts: t.Record(t.String(), t.Integer()),
        prices: t.Optional(t.Record(t.String({ pattern: "^[A-Z]{3}$" }), t.Integer())),
      }),
      output: t.Object({}),
    }),
  });
  const { copy } = checked(look.input, "The input of shelf.look");

  test.each([
    ["a misfit under a key of two lines", { counts: { "a\nb": { count: 1 } } }],
    ["a key that is not of its pattern", { counts: {}, prices: { euro: { cents: 1 } } }],
  ])("refuses %s", (_what, input) => {
    expect(() => copy(input)).toThrow("The input of shelf.look does not fit its contract");
  });

  test("takes any text of one line as a key", () => {
    const input = { counts: { "a b": 1, "": 2 }, prices: { EUR: 3 } };
    expect(copy(input)).toEqual(input);
  });
});
