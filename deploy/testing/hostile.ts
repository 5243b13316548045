import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { Seeded } from "../../runtime/simulation/seeded.ts";

/** Values that some code takes for something else, as JSON: their texts are sent as they stand. */
export const hostileValues: readonly string[] = [
  ...["null", "true", "0", "-1", "1.5", "-0", "1e308", "-1e308", "1e400", "5e-324"],
  ...["9007199254740993", "9223372036854775808", "-9223372036854775809"],
  ...['""', '"x"', '"1"', '"\\ud800"', '"\\udfff@a.example"', '"\\u0000"', '"%E0%A4%A"'],
  ...['"__proto__"', '"constructor"', '"toString"', `"${"x".repeat(5_000)}"`],
  ...["[]", "[null]", "[[]]", "{}", '{"length":1000000000}', '{"length":-1,"0":1}'],
  ...['{"toString":1}', '{"valueOf":1,"toString":null}', '{"toJSON":1}', '{"constructor":1}'],
  ...['{"hasOwnProperty":1}', '{"then":1}', '{"__proto__":{"a":1}}', '{"prototype":null}'],
  `${'{"a":['.repeat(15)}1${"]}".repeat(15)}`,
  `${"[".repeat(300)}${"]".repeat(300)}`,
];

/** Whole bodies that fit nothing. */
export const hostileBodies: readonly string[] = [
  ...["", " ", "nonsense", "{", "[1,", '{"a"}', "\u0000", "undefined", "NaN", "'x'", "\ufeff{}"],
  ...["null", "0", '"x"', "[]", "{}", '{"length":1000000000}', '{"toString":1}', '[{"a":1}]'],
];

/** What stands in a path or a query in place of a text, encoded as it is sent. */
export const hostileTexts: readonly string[] = [
  ...["%E0%A4%A", "%", "%zz", "%ff", "%00", "%ED%A0%80", "%0d%0a", "..%2f..", "%5B", "%2F"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "null", "undefined", "NaN"],
  ...["1e308", "-1", "1.5", "9223372036854775808", "Infinity", "0x10", "x".repeat(3_000)],
  ...["[object%20Object]", "%7B%22length%22%3A1000000000%7D", "%7B%22toString%22%3A1%7D", "%5B"],
];

const texts = [
  ...["x", "1", "buyer@example.com", "EUR", "DE", "tea", "TEA-1", "correct horse battery"],
  ...["2026-01-01", "2026-01-01T00:00:00Z", "https://a.example/", "x".repeat(20)],
];

/** A value that fits a schema, with all its properties. */
export function fitting(schema: TSchema): unknown {
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["anyOf"])) return fitting(schema["anyOf"][0]);
  switch (schema["type"]) {
    case "object":
      return Object.fromEntries(
        Object.entries<TSchema>(schema["properties"] ?? {}).map(([name, one]) => [
          name,
          fitting(one),
        ]),
      );
    case "array":
      return [fitting(schema["items"])];
    case "integer":
    case "number":
      return Math.max(schema["minimum"] ?? 1, 1);
    case "boolean":
      return true;
    case "null":
      return null;
    default: {
      const text = texts.find((one) => Value.Check(schema, one));
      if (text === undefined) throw new Error(`No text fits ${JSON.stringify(schema)}. Add one.`);
      return text;
    }
  }
}

type Path = readonly (string | number)[];

/** Where values stand in what fits a schema: the whole, and each part at any depth. */
export function placesIn(value: unknown): Path[] {
  if (typeof value !== "object" || value === null) return [[]];
  const parts = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [[], ...parts.flatMap(([name, part]) => placesIn(part).map((path) => [name, ...path]))];
}

/** The JSON of a value with something else at some of its places. */
export function disturbed(value: unknown, places: ReadonlyMap<string, string>): string {
  const write = (part: unknown, at: Path): string => {
    const other = places.get(placeName(at));
    if (other !== undefined) return other;
    if (typeof part !== "object" || part === null) return JSON.stringify(part);
    if (Array.isArray(part)) return `[${part.map((one, n) => write(one, [...at, n]))}]`;
    const entries = Object.entries(part);
    return `{${entries.map(([name, one]) => `"${name}":${write(one, [...at, name])}`)}}`;
  };
  return write(value, []);
}

export function placeName(path: Path): string {
  return path.join("/");
}

/** One of several, by a seeded source. */
export function oneOf<T>(source: Seeded, several: readonly T[]): T {
  const one = several[source.below(several.length)];
  if (one === undefined) throw new Error("There is nothing to choose from.");
  return one;
}
