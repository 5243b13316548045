import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import fc from "fast-check";
import { realEnvironment } from "../host/real-environment.ts";
import { sample } from "../testing/schema-samples.ts";
import { encoded } from "../transport/encoded.ts";
import { inProcess } from "../transport/in-process.ts";
import { checked, checkedProcedure } from "./check.ts";
import { contract, event, type Procedure, query } from "./contract.ts";
import { anonymous } from "./identity.ts";
import { t } from "./schema.ts";

/** A procedure that gives back what it gets. */
function echoing(schema: TSchema): Procedure {
  const value = t.Object({ value: schema });
  const { echo } = contract("echo", { echo: query({ input: value, output: value }) });
  return echo;
}

/** What a caller in the same process and one in another get for a value, or why they do not. */
async function outcomes(schema: TSchema, value: unknown) {
  const procedure = echoing(schema);
  const checks = checkedProcedure(procedure);
  const seen: unknown[] = [];
  const outcome = async (wrap: typeof encoded) => {
    const transport = wrap(inProcess(realEnvironment()));
    const offer = { module: "echo", procedures: [procedure], isReader: false } as never;
    transport.serve(offer, async (_procedure, input) => {
      const copy = checks.input.copy(input);
      seen.push(copy);
      return checks.output.copy(copy);
    });
    const request = { caller: "test", identity: anonymous, traceId: "t", deadlineAtMs: 1e9 };
    const asked = transport.call(
      procedure,
      { value },
      { ...request, key: undefined, asText: false },
    );
    return asked.then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error: String(error) }),
    );
  };
  const here = await outcome((inner) => inner);
  return { here, there: await outcome(encoded), seen };
}

/** Values that no contract lets through, or that JSON changes. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(NaN, Infinity, -Infinity, undefined, 2 ** 53, 2 ** 63, 0n),
  fc.constantFrom<unknown>(new Date(0), new Map([[1, 2]]), new Uint8Array(2), /a/, () => 1),
  fc.constantFrom<unknown>(new Array(1), Object.create({ a: 1 }), Symbol.iterator, new String("x")),
  fc.constantFrom<unknown>(JSON.parse('{"__proto__": "x", "a": 1}'), { toJSON: () => "x" }),
);

/** A fitting value with something odd put in its place or into it. */
const disturbed = sample.chain(({ schema, value }) =>
  fc.record({ schema: fc.constant(schema), value: fc.oneof(value, odd, value.chain(withOdd)) }),
);

function withOdd(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return odd.map((one) => [...value, one]);
  if (typeof value !== "object" || value === null) return odd;
  const name = fc.constantFrom("__proto__", "a", "b", ...Object.keys(value));
  return fc.tuple(name, odd).map(([key, one]) => {
    const copy = { ...value };
    return Object.defineProperty(copy, key, { value: one, enumerable: true, configurable: true });
  });
}

test("a value arrives alike in every placement, or is refused alike", async () => {
  await fc.assert(
    fc.asyncProperty(disturbed, async ({ schema, value }) => {
      const { here, there, seen } = await outcomes(schema, value);
      expect(there).toStrictEqual(here);
      for (const copy of seen) {
        expect(copy).toStrictEqual(JSON.parse(JSON.stringify(copy)));
      }
    }),
    { numRuns: 300 },
  );
});

/** Names of all kinds, many of which something inherits. */
const anyName = fc.oneof(
  fc.constantFrom(
    ...[Object, Array, Function, String].flatMap((one) =>
      Object.getOwnPropertyNames(one.prototype),
    ),
  ),
  fc.string(),
);

test("an optional property of any name may lack and is kept, or is refused at once", async () => {
  await fc.assert(
    fc.asyncProperty(anyName, fc.boolean(), async (name, isNested) => {
      const only = t.Object({ [name]: t.Optional(t.Integer()), other: t.Boolean() });
      const schema = isNested ? t.Array(t.Union([t.Null(), only])) : only;
      const inPlace = (one: object) => (isNested ? [null, one] : one);
      if (name in Object.prototype) {
        expect(() => echoing(schema)).toThrow(`has a property ${name}, which every object has.`);
        return;
      }
      for (const one of [{ other: true }, { [name]: 1, other: true }]) {
        const { here, there, seen } = await outcomes(schema, inPlace(one));
        expect(here).toEqual({ answer: { value: inPlace(one) } });
        expect(there).toEqual(here);
        expect(seen).toEqual([{ value: inPlace(one) }, { value: inPlace(one) }]);
      }
    }),
    { numRuns: 200 },
  );
});

const number = t.Number();
const holes: unknown[] = ["a"];
holes.length = 3;

describe("refused alike is", () => {
  test.each<[string, TSchema, unknown, string]>([
    ["a hole in a list", t.Array(t.String()), holes, "/value/1: expected string"],
    [
      "a hole in a list of objects",
      t.Array(t.Object({})),
      new Array(1),
      "/value/0: expected object",
    ],
    ["no number", number, Number.NaN, "/value: expected number"],
    ["no end", number, Number.POSITIVE_INFINITY, "/value: expected number"],
    [
      "a key that is a prototype",
      t.Record(t.String(), number),
      JSON.parse('{"__proto__": 1}'),
      "a record has the key __proto__",
    ],
    [
      "an integer that was rounded",
      t.Integer(),
      2 ** 53,
      "/value: expected integer to be less or equal to 9007199254740991",
    ],
    [
      "a negative integer that was rounded",
      t.Integer({ maximum: 0 }),
      -(2 ** 63),
      "/value: expected integer to be greater or equal to -9007199254740991",
    ],
    [
      "what has too few properties without those that are not declared",
      t.Object({ a: t.Optional(number) }, { minProperties: 1 }),
      { b: 1 },
      "without what is not declared, /value is Expected",
    ],
    [
      "what is the same without properties that are not declared",
      t.Array(t.Object({ a: number }), { uniqueItems: true }),
      [{ a: 1, b: 1 }, { a: 1 }],
      "without what is not declared, /value is Expected",
    ],
    [
      "a text of another format",
      t.String({ format: "email" }),
      "nobody",
      "/value: expected string",
    ],
  ])("%s", async (_name, schema, value, sentence) => {
    const { here, there } = await outcomes(schema, value);
    expect(here).toMatchObject({ error: expect.stringContaining(sentence) });
    expect(there).toEqual(here);
  });
});

describe("a contract refuses when it is defined", () => {
  test.each<[string, TSchema, string]>([
    [
      "a format of which not every process knows",
      t.String({ format: "numeric" }),
      "the format numeric",
    ],
    ["a property that is a prototype", t.Object({ ["__proto__"]: number }), "a property __proto__"],
    ["an inherited property", t.Object({ toString: t.Optional(number) }), "a property toString"],
    [
      "further properties that are described",
      t.Object({}, { additionalProperties: number }),
      "describes its further properties",
    ],
    [
      "a record with keys that are not checked",
      t.Record(t.String({ pattern: "^a$" }), number, { additionalProperties: true }),
      "keys that are not checked",
    ],
    ["a literal that JSON does not have", t.Literal(Number.NaN), "is the literal NaN"],
    ["an integer's bound that was rounded", t.Integer({ maximum: 2 ** 60 }), "has the bound"],
  ])("%s", (_name, schema, sentence) => {
    const define = () => contract("odd", { said: event(1, t.Object({ it: schema })) });
    expect(define).toThrow(sentence);
    expect(define).toThrow("odd.said");
  });
});

describe("a text of a format is checked without Elysia", () => {
  test.each([
    ["email", ["a.b+c@example.com"], ["a", "a@b", "a b@c.de", "<a@b.c>"]],
    ["uuid", ["0197a1b2-0000-7000-8000-00000000000f"], ["0197a1b2", ""]],
    ["uri", ["https://example.com/a?b#c", "urn:a:b"], ["example.com", "//a", "a: b"]],
    ["date", ["2024-02-29", "1999-12-31"], ["2023-02-29", "2024-13-01", "24-01-01", "2024-04-31"]],
    [
      "date-time",
      ["2024-02-29T23:59:60Z", "2024-01-01t00:00:00.5+01:00"],
      ["2024-01-01", "2024-01-01T00:00:00", "2024-01-01 00:00:00Z", "2024-01-01T24:00:00Z"],
    ],
  ])("%s", (format, good, bad) => {
    const { copy } = checked(t.String({ format }), "The text");
    for (const text of good) expect(copy(text)).toBe(text);
    for (const text of bad) expect(() => copy(text)).toThrow("The text does not fit its contract");
  });
});
