import type { TSchema } from "@sinclair/typebox";

type Lengths = { readonly minLength?: number | undefined; readonly maxLength?: number | undefined };

/**
 * What fits a schema, in words that can follow "expected", for people who gave something else. A
 * text is described by its schema's `description` where there is one.
 */
export function expectation(schema: TSchema): string {
  if ("const" in schema) return String(schema["const"]);
  if (Array.isArray(schema["anyOf"])) return oneOf(schema["anyOf"]);
  switch (schema["type"]) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a ${schema["multipleOf"] === 1 ? "whole " : ""}number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `a list${lengths(schema["minItems"], schema["maxItems"])}`;
    case "object":
      return "an object";
    default:
      return textExpectation(schema);
  }
}

/** How long a text may be, as in " of 8 to 128 characters"; empty when it may have any length. */
export function lengthOf({ minLength, maxLength }: Lengths): string {
  const length = lengths(minLength, maxLength);
  return length === "" ? "" : `${length} ${characters(maxLength ?? minLength)}`;
}

function oneOf(members: readonly TSchema[]): string {
  const meant = members.filter((one) => !isWritten(one));
  const choices = [...new Set(meant.map(expectation))];
  if (meant.length > 1 && meant.every((one) => "const" in one)) {
    return `one of ${choices.join(", ")}`;
  }
  return choices.join(" or ");
}

/** Whether this is how Elysia lets a number or a boolean be written in an address. */
function isWritten({ type, format }: TSchema): boolean {
  return type === "string" && (format === "numeric" || format === "boolean");
}

/** The bounds that every integer has go without saying, unless they are what was broken. */
function range(schema: TSchema): string {
  const minimum = schema["minimum"] === Number.MIN_SAFE_INTEGER ? undefined : schema["minimum"];
  const maximum = schema["maximum"] === Number.MAX_SAFE_INTEGER ? undefined : schema["maximum"];
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? "" : ` of at most ${maximum}`;
}

function lengths(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined) {
    return least === most ? ` of ${least}` : ` of ${least} to ${most}`;
  }
  if (least !== undefined) return ` of at least ${least}`;
  return most === undefined ? "" : ` of at most ${most}`;
}

function textExpectation(schema: TSchema): string {
  const { description, pattern, minLength, maxLength } = schema;
  if (description !== undefined) return description;
  if (pattern !== undefined) return charactersOf(pattern) ?? `a text of the form ${pattern}`;
  if (minLength === 1 && maxLength === undefined) return "a text that is not empty";
  return `a text${lengthOf({ minLength, maxLength })}`;
}

/** What a pattern of one set of characters and their number asks for, such as `^[A-Z]{2}$`. */
function charactersOf(pattern: string): string | undefined {
  const [, set, least, most = least] = pattern.match(simplePattern) ?? [];
  if (least === undefined) return undefined;
  const count = least === most ? least : `${least} to ${most}`;
  return `${count} ${characters(Number(most))} out of ${set}`;
}

function characters(count: number | undefined): string {
  return count === 1 ? "character" : "characters";
}

const simplePattern = /^\^\[([\w-]+)\]\{(\d+)(?:,(\d+))?\}\$$/;
