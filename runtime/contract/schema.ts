import { Kind, OptionalKind, type TSchema, Type } from "@sinclair/typebox";
import { assertFormat } from "./formats.ts";

export type { Static } from "@sinclair/typebox";

/**
 * The schema builders of contracts: TypeBox, narrowed to what means the same after a trip as JSON.
 *
 * There is no Date, BigInt, Map or undefined here on purpose. A value made of these kinds arrives
 * equal whether the neighbour is in this process or in another.
 */
export const t = {
  Object: Type.Object,
  Array: Type.Array,
  Record: Type.Record,
  String: Type.String,
  Number: Type.Number,
  Integer: Type.Integer,
  Boolean: Type.Boolean,
  Null: Type.Null,
  Literal: Type.Literal,
  Union: Type.Union,
  Optional: Type.Optional,
  Partial: Type.Partial,
  Pick: Type.Pick,
  Omit: Type.Omit,
};

const leaves = new Set(["String", "Number", "Integer", "Boolean", "Null", "Literal"]);
/** The greatest integer whose neighbours are not rounded to it: 2^53 - 1. */
const INTEGER_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Makes a schema one of a contract: asserts that it means the same in every placement, and seals
 * it. `where` names the place in messages, as in "orders.placeOrder input".
 */
export function settleSchema(schema: TSchema, where: string): void {
  assertWireSchema(schema, where);
  sealSchema(schema);
}

/** Throws unless every kind in the schema survives JSON unchanged, and is checked alike. */
function assertWireSchema(schema: TSchema, where: string): void {
  const kind = schema[Kind];
  if (leaves.has(kind)) return assertLeaf(schema, where);
  if (kind === "Object") return assertObject(schema, where);
  if (kind === "Array") {
    for (const part of partsOf(schema)) assertWireSchema(part, `${where}[]`);
    return;
  }
  if (kind === "Union") {
    // A union schema has its members there.
    for (const member of schema["anyOf"] as TSchema[]) assertWireSchema(member, where);
    return;
  }
  if (kind === "Record") return assertRecord(schema, where);
  throw new TypeError(
    `${where} uses the schema kind ${kind}, which does not survive a trip as JSON. ` +
      `Use Object, Array, Record, String, Number, Integer, Boolean, Null, Literal or Union.`,
  );
}

function assertLeaf({ format, const: only, minimum, maximum, ...schema }: TSchema, where: string) {
  if (format !== undefined) assertFormat(format, where);
  if (typeof only === "number" && !Number.isFinite(only)) {
    throw new TypeError(`${where} is the literal ${only}, which JSON does not have.`);
  }
  if (schema["type"] !== "integer") return;
  for (const bound of [minimum, maximum]) {
    if (bound === undefined || Math.abs(bound) <= INTEGER_MAX) continue;
    throw new TypeError(`${where} has the bound ${bound}; an integer is at most ${INTEGER_MAX}.`);
  }
}

function assertObject(schema: TSchema, where: string): void {
  if (typeof schema["additionalProperties"] === "object") {
    throw new TypeError(
      `${where} describes its further properties, which are left out of copies. Use Record.`,
    );
  }
  for (const [key, property] of Object.entries<TSchema>(schema["properties"])) {
    if (isInherited(key)) {
      throw new TypeError(`${where} has a property ${key}, which every object has. Rename it.`);
    }
    assertWireSchema(property, `${where}.${key}`);
  }
}

function assertRecord(schema: TSchema, where: string): void {
  if (schema["additionalProperties"] ?? false) {
    throw new TypeError(`${where} is a Record with keys that are not checked. Leave them out.`);
  }
  for (const value of Object.values<TSchema>(schema["patternProperties"])) {
    assertWireSchema(value, `${where}{}`);
  }
}

/**
 * Fixes what a schema leaves open, at any depth. The marks are not enumerable, so the published
 * schema stays as it was written.
 *
 * - Objects may have further properties, which are left out of copies. Without it Elysia would
 *   write `additionalProperties: false` into a schema that a route uses, and the modules behind a
 *   gateway would refuse what the same modules elsewhere accept.
 * - Of a record, a key which does not match its pattern is refused: its value would not be checked.
 *   TypeBox's pattern for any text matches one line.
 * - An integer is a safe one, of at most 2^53 - 1: a greater one was rounded when it was read.
 */
function sealSchema(schema: TSchema): void {
  if (schema[Kind] === "Object") fix(schema, "additionalProperties", true);
  if (schema[Kind] === "Record") fix(schema, "additionalProperties", false);
  if (schema[Kind] === "Integer") {
    fix(schema, "minimum", -INTEGER_MAX);
    fix(schema, "maximum", INTEGER_MAX);
  }
  for (const part of partsOf(schema)) sealSchema(part);
}

function fix(schema: TSchema, name: string, value: unknown): void {
  if (!(name in schema)) Object.defineProperty(schema, name, { value });
}

/**
 * Has objects keep all properties that may be members of one union at once, where Elysia cleans
 * what a route gets and gives: it would take the first member that fits, and lose the properties
 * that only another one declares.
 */
export function openUnions(schema: TSchema): void {
  const parts = partsOf(schema);
  if (schema[Kind] === "Union") for (const member of parts) openObjects(member);
  else for (const part of parts) openUnions(part);
}

function openObjects(schema: TSchema): void {
  if (schema[Kind] === "Object") fix(schema, "additionalProperties", true);
  for (const part of partsOf(schema)) openObjects(part);
}

/** What holds one schema; `items` may also hold a list of them, the others `true` or `false`. */
const inner = ["items", "contains", "not", "additionalProperties", "unevaluatedProperties"];

/** The schemas that a schema is made of. */
export function partsOf(schema: TSchema): TSchema[] {
  return [
    ...Object.values<TSchema>(schema["properties"] ?? {}),
    ...Object.values<TSchema>(schema["patternProperties"] ?? {}),
    ...(schema["anyOf"] ?? []),
    ...(schema["allOf"] ?? []),
    ...inner.flatMap((name) => schema[name] ?? []).filter((part) => typeof part === "object"),
  ];
}

/** Tells whether an object property may be left out. */
export function isOptional(schema: TSchema): boolean {
  return OptionalKind in schema;
}

/**
 * Reports whether every object has a property of this name: a compiled check finds the inherited
 * one where a value has none of its own.
 */
export function isInherited(name: string): boolean {
  return name in Object.prototype;
}
