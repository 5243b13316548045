import { Kind, OptionalKind, type TSchema, Type } from "@sinclair/typebox";

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

/**
 * Throws unless every kind in the schema survives JSON unchanged.
 *
 * `where` names the place in the message, as in "orders.placeOrder input".
 */
export function assertWireSchema(schema: TSchema, where: string): void {
  const kind = schema[Kind];
  if (leaves.has(kind)) return;
  if (kind === "Object") {
    for (const [key, property] of Object.entries<TSchema>(schema["properties"])) {
      assertWireSchema(property, `${where}.${key}`);
    }
    return;
  }
  if (kind === "Array") return assertWireSchema(schema["items"], `${where}[]`);
  if (kind === "Union") {
    for (const member of schema["anyOf"] as TSchema[]) assertWireSchema(member, where);
    return;
  }
  if (kind === "Record") {
    for (const value of Object.values<TSchema>(schema["patternProperties"])) {
      assertWireSchema(value, `${where}{}`);
    }
    return;
  }
  throw new TypeError(
    `${where} uses the schema kind ${kind}, which does not survive a trip as JSON. ` +
      `Use Object, Array, Record, String, Number, Integer, Boolean, Null, Literal or Union.`,
  );
}

/**
 * Fixes that objects of the schema, at any depth, may have further properties, which are left out
 * of copies. Without it Elysia would write `additionalProperties: false` into a schema that a
 * route uses, and the modules behind a gateway would refuse what the same modules elsewhere
 * accept. The mark is not enumerable, so the published schema stays as it was written.
 *
 * Of a record it fixes that a key which does not match its pattern is refused: its value would not
 * be checked. TypeBox's pattern for any text matches one line.
 */
export function sealSchema(schema: TSchema): void {
  if (schema[Kind] === "Object" && !("additionalProperties" in schema)) {
    Object.defineProperty(schema, "additionalProperties", { value: true });
  }
  if (schema[Kind] === "Record" && !("additionalProperties" in schema)) {
    Object.defineProperty(schema, "additionalProperties", { value: false });
  }
  const members: TSchema[] = [
    ...Object.values<TSchema>(schema["properties"] ?? {}),
    ...Object.values<TSchema>(schema["patternProperties"] ?? {}),
    ...(schema["anyOf"] ?? []),
    ...(schema["items"] === undefined ? [] : [schema["items"]]),
  ];
  for (const member of members) sealSchema(member);
}

/** Tells whether an object property may be left out. */
export function isOptional(schema: TSchema): boolean {
  return OptionalKind in schema;
}
