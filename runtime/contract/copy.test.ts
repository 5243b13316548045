import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import { Check } from "@sinclair/typebox/value";
import fc from "fast-check";
import { sample } from "../testing/schema-samples.ts";
import { compileCopy } from "./copy.ts";
import { t } from "./schema.ts";

/**
 * What the copy should be once it has been through JSON, the slow way: what any of the members that
 * a value fits declares.
 */
function declaredPart(schema: TSchema, value: unknown): unknown {
  const fitting = membersOf(schema).filter((one) => Check(one, value));
  if (Array.isArray(value)) {
    const items = t.Union(fitting.flatMap(({ items: one }) => one ?? []));
    return value.map((item) => declaredPart(items, item));
  }
  if (typeof value !== "object" || value === null) return value;
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const inner = fitting.flatMap(({ properties, patternProperties }) => [
      ...(properties !== undefined && Object.hasOwn(properties, name) ? [properties[name]] : []),
      ...Object.values<TSchema>(patternProperties ?? {}),
    ]);
    return inner.length === 0 ? [] : [[name, declaredPart(t.Union(inner), part)]];
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
        const declared = JSON.stringify(declaredPart(schema, value));
        expect(copy).toStrictEqual(JSON.parse(declared));
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
    const objects = compileCopy<unknown>(t.Object({ a: t.Object({}) }));
    expect(objects(hostile)).toStrictEqual({ a: {} });
  });
});

describe("of a value that several members of a union fit", () => {
  const small = t.Object({ a: t.Integer() });
  const large = t.Object({ a: t.Integer(), b: t.Integer() });
  const value = { a: 1, b: 2, c: 3 };
  const both = { a: 1, b: 2 };

  test.each([
    ["in any order", t.Union([small, large]), value, both],
    ["in the other order", t.Union([large, small]), value, both],
    ["within another union", t.Union([small, t.Union([t.Null(), large])]), value, both],
    ["in a list", t.Array(t.Union([small, large])), [value, { a: 1 }], [both, { a: 1 }]],
    [
      "where each has what the other has not",
      t.Union([
        t.Object({ a: t.Optional(t.Integer()) }),
        t.Object({ b: t.Optional(t.Integer()), d: t.Optional(small) }),
        t.Object({ d: t.Optional(large) }),
      ]),
      { ...value, d: value },
      { ...both, d: both },
    ],
    [
      "as records and objects",
      t.Union([t.Object({ a: small }), t.Record(t.String(), large)]),
      { a: value, z: value },
      { a: both, z: both },
    ],
    [
      "under names that every object inherits",
      t.Union([t.Object({ a: t.Integer() }), t.Record(t.String(), t.Integer())]),
      { a: 1, toString: 2, constructor: 3 },
      { a: 1, toString: 2, constructor: 3 },
    ],
  ])("the copy has what any of them declares, %s", (_name, schema, given, kept) => {
    expect(compileCopy<unknown>(schema)(given)).toStrictEqual(kept);
  });

  test("a property whose literals tell the members apart decides", () => {
    const either = compileCopy<unknown>(
      t.Union([
        t.Object({ kind: t.Literal("a"), a: t.Integer() }),
        t.Object({
          kind: t.Union([t.Literal("b"), t.Literal("c")]),
          a: t.Optional(t.Integer()),
          b: t.Integer(),
        }),
        t.Null(),
      ]),
    );
    expect(either({ kind: "a", ...value })).toStrictEqual({ kind: "a", a: 1 });
    expect(either({ kind: "c", ...value })).toStrictEqual({ kind: "c", ...both });
    expect(either(null)).toBeNull();
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, part]) => [name, reversed(part)]);
  return Object.fromEntries(entries.reverse());
}
