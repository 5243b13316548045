import type { TSchema } from "@sinclair/typebox";
import fc from "fast-check";
import { t } from "../contract/schema.ts";

/** A schema and values that fit it, with and without what it does not declare. */
export interface Sample {
  readonly schema: TSchema;
  readonly value: fc.Arbitrary<unknown>;
}

const key = fc.constantFrom("a", "b", "c", "9", "constructor1", "with space", 'quote"', "é");
/** Of a record a key may also be what every object inherits. */
const recordKey = fc.oneof(
  { arbitrary: key, weight: 3 },
  fc.constantFrom("toString", "constructor", "valueOf", "hasOwnProperty", "toLocaleString"),
);
const stray = fc.record(
  {
    stray: fc.constant(1),
    ["__proto__ "]: fc.constant(2),
    toString: fc.constant(3),
    hasOwnProperty: fc.constant(4),
    constructor: fc.constant(5),
  },
  { requiredKeys: ["stray", "__proto__ "] },
);
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-0, 0, 5e-324, -1.5, 2 ** 53),
);
/** Half a character, the end of a line for some, what JSON escapes, and all others. */
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", maxLength: 1 }),
    fc.constantFrom("\ud800", "\udc00", "\u2028", '"', "\0"),
  ),
});

const leaf: fc.Arbitrary<Sample> = fc.constantFrom<Sample>(
  { schema: t.String(), value: text },
  { schema: t.Number(), value: finite },
  { schema: t.Integer(), value: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-0, 1)) },
  { schema: t.Integer({ minimum: 1 }), value: fc.integer({ min: 1 }) },
  { schema: t.Literal(0), value: fc.constantFrom(0, -0) },
  { schema: t.Boolean(), value: fc.boolean() },
  { schema: t.Null(), value: fc.constant(null) },
  { schema: t.Literal("x"), value: fc.constant("x") },
);

/** Random schemas of contracts, each with values that fit it. */
export const { sample } = fc.letrec<{ sample: Sample; object: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie("object"),
    tie("sample").map(({ schema, value }) => ({
      schema: t.Array(schema),
      value: fc.array(value, { maxLength: 3 }),
    })),
    tie("sample").map(({ schema, value }) => ({
      schema: t.Record(t.String(), schema),
      value: fc.dictionary(recordKey, value, { maxKeys: 3 }),
    })),
    fc.array(tie("sample"), { minLength: 1, maxLength: 3 }).map((members) => ({
      schema: t.Union(members.map(({ schema }) => schema)),
      value: fc.oneof(...members.map(({ value }) => value)),
    })),
  ),
  object: fc
    .dictionary(key, fc.tuple(tie("sample"), fc.boolean()), { maxKeys: 4 })
    .map((properties) => objectOf(Object.entries(properties))),
}));

function objectOf(properties: readonly [string, readonly [Sample, boolean]][]): Sample {
  const schemas = properties.map(([name, [{ schema }, optional]]) => [
    name,
    optional ? t.Optional(schema) : schema,
  ]);
  const values = properties.map(([name, [{ value }, optional]]) => [
    name,
    optional ? fc.option(value, { nil: undefined }) : value,
  ]);
  const declared = fc.record(Object.fromEntries(values));
  return {
    schema: t.Object(Object.fromEntries(schemas)),
    value: fc.tuple(declared, stray).map(([fits, more]) => ({ ...more, ...fits })),
  };
}
