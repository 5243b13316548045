import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import fc from "fast-check";
import { sample } from "../testing/schema-samples.ts";
import { checked, parse } from "./check.ts";
import { compileCopy } from "./copy.ts";
import { t } from "./schema.ts";
import { bytesMaxOf, compileBytesBound, VALUE_BYTES_MAX } from "./size.ts";

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

test("no value has more bytes as JSON than the bound of its schema, or its own", () => {
  const pair = sample.chain(({ schema, value }) => value.map((one) => ({ schema, value: one })));
  fc.assert(
    fc.property(pair, ({ schema, value }) => {
      const copy = compileCopy<unknown>(schema)(value);
      expect(bytesOf(copy)).toBeLessThanOrEqual(bytesMaxOf(schema));
      expect(bytesOf(copy)).toBeLessThanOrEqual(compileBytesBound(schema)(copy));
    }),
    { numRuns: 500 },
  );
});

const line = t.Object({ sku: t.String({ maxLength: 10 }), quantity: t.Integer() });

describe("a schema bounds the bytes of its values:", () => {
  test.each<[string, TSchema, unknown]>([
    ["a text", t.String({ maxLength: 3 }), "\0\0\0"],
    ["half characters", t.String({ maxLength: 2 }), "\ud800\ud800"],
    ["a pattern", t.String({ pattern: "^[A-Z\\]]{1,3}$" }), "AB]"],
    ["a number", t.Number(), -Math.PI * 1e-300],
    ["an integer", t.Integer(), Number.MIN_SAFE_INTEGER],
    ["a list", t.Array(line, { maxItems: 2 }), Array(2).fill({ sku: '"'.repeat(10), quantity: 1 })],
    ["an empty list", t.Array(t.String(), { maxItems: 0 }), []],
    [
      "a record",
      t.Record(t.String({ pattern: "^.{1,2}$" }), t.Boolean(), { maxProperties: 2 }),
      { '""': false, "\ud800\ud800": false },
    ],
    ["a union", t.Union([t.Null(), t.Literal('"x"'), line]), { sku: "", quantity: 1 }],
  ])("%s", (_name, schema, largest) => {
    expect(bytesOf(largest)).toBeLessThanOrEqual(bytesMaxOf(schema));
    expect(bytesMaxOf(schema)).toBeLessThan(500);
  });

  test.each<[string, TSchema]>([
    ["a text", t.String()],
    ["a pattern without an end", t.String({ pattern: "^a{1,2}" })],
    ["a list", t.Array(t.Null())],
    ["a list of texts", t.Array(t.String(), { maxItems: 2 })],
    ["a record", t.Record(t.String({ pattern: "^.{1,2}$" }), t.Null())],
    ["the keys of a record", t.Record(t.String(), t.Null(), { maxProperties: 2 })],
    ["a property", t.Object({ a: t.Optional(t.String()) })],
    ["one member of a union", t.Union([t.Null(), t.String()])],
  ])("but not one that leaves %s open", (_name, schema) => {
    expect(bytesMaxOf(schema)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a value is refused from one byte over the limit on:", () => {
  const frame = bytesOf({ it: "" });
  const Text = t.Object({ it: t.String() });
  test.each<[string, TSchema, (bytes: number) => unknown]>([
    ["a text", Text, (bytes) => ({ it: "x".repeat(bytes - frame) })],
    ["wide characters", Text, (bytes) => ({ it: `${"é".repeat((bytes - frame - 1) / 2)}x` })],
    [
      "escaped characters",
      Text,
      (bytes) => ({ it: `${"\n".repeat((bytes - frame - 10) / 2)}${"x".repeat(10)}` }),
    ],
    [
      "a list",
      t.Object({ it: t.Array(t.Union([t.Object({ a: t.String() }), t.Null()])) }),
      (bytes) => ({ it: [null, { a: "x".repeat(bytes - bytesOf({ it: [null, { a: "" }] })) }] }),
    ],
    [
      "a record",
      t.Object({ it: t.Record(t.String(), t.Null()) }),
      (bytes) => ({ it: { ["x".repeat(bytes - bytesOf({ it: { "": null } }))]: null } }),
    ],
  ])("%s", (_name, schema, sized) => {
    const { copy, text } = checked(schema, "The note");
    const [most, over] = [sized(VALUE_BYTES_MAX), sized(VALUE_BYTES_MAX + 2)];
    expect(bytesOf(most)).toBeWithin(VALUE_BYTES_MAX - 1, VALUE_BYTES_MAX + 1);
    expect(copy(most)).toEqual(most);
    expect(bytesOf(text(most))).toBeGreaterThan(VALUE_BYTES_MAX);
    for (const make of [copy, text]) {
      expect(() => make(over)).toThrow(
        `The note has ${bytesOf(over)} bytes as JSON; what modules send one another has at most ` +
          `${VALUE_BYTES_MAX}. Send a page of a list at a time, and an id in place of large data.`,
      );
    }
  });

  test("not what its contract does not declare", () => {
    const { copy } = checked(t.Object({ it: t.Null() }), "The note");
    expect(copy({ it: null, other: "x".repeat(VALUE_BYTES_MAX) })).toEqual({ it: null });
  });
});

test("what is refused for a key says where it is, cut short", () => {
  const { copy } = checked(t.Record(t.String(), t.Null()), "The note");
  const met = expect(() => copy({ ["x".repeat(100_000)]: 1 }));
  met.toThrow("The note does not fit its contract: /xxx");
  expect(() => copy({ ["x".repeat(100_000)]: 1 })).not.toThrow("x".repeat(501));
});

test("what is read from a file may be larger", () => {
  const large = "x".repeat(VALUE_BYTES_MAX);
  expect(parse(t.Array(t.String()), [large], "The file")).toEqual([large]);
});
