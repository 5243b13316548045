import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import fc from "fast-check";
import { compileCopy } from "./copy.ts";
import { t } from "./schema.ts";

/** A schema and values that fit it, with and without what it does not declare. */
interface Sample {
  readonly schema: TSchema;
  readonly value: fc.Arbitrary<unknown>;
}

const key = fc.constantFrom("a", "b", "c", "9", "constructor1", "with space", 'quote"', "é");
const stray = fc.record({ stray: fc.constant(1), ["__proto__ "]: fc.constant(2) });
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const leaf: fc.Arbitrary<Sample> = fc.constantFrom<Sample>(
  { schema: t.String(), value: fc.string({ unit: "binary" }) },
  { schema: t.Number(), value: finite },
  { schema: t.Integer(), value: fc.integer() },
  { schema: t.Boolean(), value: fc.boolean() },
  { schema: t.Null(), value: fc.constant(null) },
  { schema: t.Literal("x"), value: fc.constant("x") },
);

const { sample } = fc.letrec<{ sample: Sample; object: Sample }>((tie) => ({
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
      value: fc.dictionary(key, value, { maxKeys: 3 }),
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

/** What the copy should be, the slow way: of a value that has been through JSON. */
function declaredPart(schema: TSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = membersOf(schema).find((one) => one["type"] === "array" && Check(one, value));
    return value.map((item) => declaredPart(items?.["items"], item));
  }
  if (typeof value !== "object" || value === null) return value;
  const fitting = membersOf(schema).find((one) => one["type"] === "object" && Check(one, value));
  const properties: { [name: string]: TSchema } | undefined = fitting?.["properties"];
  const [values] = Object.values<TSchema>(fitting?.["patternProperties"] ?? {});
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const inner = values ?? properties?.[name];
    return inner === undefined ? [] : [[name, declaredPart(inner, part)]];
  });
  return Object.fromEntries(parts);
}

function membersOf(schema: TSchema): TSchema[] {
  const members: TSchema[] | undefined = schema["anyOf"];
  return members === undefined ? [schema] : members.flatMap(membersOf);
}

/** Every object and array in a value. */
function objectsIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(objectsIn)];
}

const pair = sample.chain(({ schema, value }) =>
  value.map((one) => ({ schema, value: one, copy: compileCopy<unknown>(schema)(one) })),
);

describe("a copy of a value that fits its schema", () => {
  test("is its round trip as JSON, without what the schema does not declare", () => {
    fc.assert(
      fc.property(pair, ({ schema, value, copy }) => {
        expect(copy).toStrictEqual(declaredPart(schema, JSON.parse(JSON.stringify(value))));
      }),
      { numRuns: 500 },
    );
  });

  test("shares no object with it", () => {
    fc.assert(
      fc.property(pair, ({ value, copy }) => {
        const originals = new Set(objectsIn(value));
        expect(objectsIn(copy).some((one) => originals.has(one))).toBe(false);
      }),
    );
  });

  test("has the same JSON in whatever order the properties were written", () => {
    fc.assert(
      fc.property(pair, ({ schema, value, copy }) => {
        const turned = compileCopy<unknown>(schema)(reversed(value));
        expect(JSON.stringify(turned)).toBe(JSON.stringify(copy));
      }),
    );
  });

  test("takes no prototype from the value", () => {
    const hostile = JSON.parse('{"a": {"__proto__": {"b": 1}}, "__proto__": {"admin": true}}');
    const records = compileCopy<unknown>(t.Record(t.String(), t.Record(t.String(), t.Object({}))));
    const objects = compileCopy<unknown>(t.Object({ a: t.Object({}) }));
    expect(records(hostile)).toStrictEqual({ a: {} });
    expect(objects(hostile)).toStrictEqual({ a: {} });
    expect(Reflect.has(Object(records(hostile)), "admin")).toBe(false);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, part]) => [name, reversed(part)]);
  return Object.fromEntries(entries.reverse());
}
