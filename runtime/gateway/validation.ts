import type { TSchema } from "@sinclair/typebox";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import type { ValidationError } from "elysia";
import { expectation } from "../contract/expectation.ts";

const MISTAKES_MAX = 20;
const FIELD_LENGTH_MAX = 200;

/** One field of a request that does not fit, with what was expected; never with what was sent. */
export interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/**
 * Lists the fields that do not fit, the first mistake of each, at most twenty. `undecoded` is the
 * field of an error that does not name its own.
 */
export function mistakesOf(error: ValidationError, undecoded = "request"): FieldMistake[] {
  const mistakes = new Map<string, string>();
  for (const one of details(error)) {
    if (mistakes.size >= MISTAKES_MAX) break;
    const part = error.type === "property" ? undecoded : error.type;
    const field = fieldName(part, one.path);
    if (!mistakes.has(field)) mistakes.set(field, `${sentenceOf(one)}.`);
  }
  return Array.from(mistakes, ([field, message]) => ({ field, message }));
}

type Detail = Pick<ValueError, "path" | "message" | "schema" | "type" | "value">;

function* details(error: ValidationError): Generator<Detail> {
  for (const one of error.all) {
    // Of schemas that are not TypeBox's it would be less.
    if ("schema" in one) yield one;
  }
}

/** What fits where this did not. */
function sentenceOf({ type, schema, message, value }: Detail): string {
  if (ofContents.has(type)) return message;
  if (value === undefined) return `Missing: ${expected(schema)}`;
  if (type === ValueErrorType.IntegerMaximum || type === ValueErrorType.IntegerMinimum) {
    return safeIntegerSentence(schema) ?? `E${expected(schema).slice(1)}`;
  }
  const isLength =
    type === ValueErrorType.StringMinLength || type === ValueErrorType.StringMaxLength;
  return `E${expected(isLength ? lengthAlone(schema) : schema).slice(1)}`;
}

/** What an integer that was too great to be exact should have been; see `sealSchema`. */
function safeIntegerSentence({ minimum, maximum }: TSchema): string | undefined {
  const { MIN_SAFE_INTEGER: least, MAX_SAFE_INTEGER: most } = Number;
  if (minimum !== least && maximum !== most) return undefined;
  return `Expected a whole number from ${minimum ?? least} to ${maximum ?? most}`;
}

function expected(schema: TSchema): string {
  return `expected ${expectation(schema)}`;
}

/** A description and a pattern say what a text is, not how long. */
function lengthAlone({ description: _, pattern: __, ...schema }: TSchema): TSchema {
  return schema as TSchema; // What is left still has its kind.
}

/** Mistakes of what is in an object or a list, of which the schema's own words tell nothing. */
const ofContents = new Set([
  ValueErrorType.ArrayContains,
  ValueErrorType.ArrayUniqueItems,
  ValueErrorType.ObjectAdditionalProperties,
  ValueErrorType.ObjectMaxProperties,
  ValueErrorType.ObjectMinProperties,
]);

/** `/lines/0/sku` in the body becomes `body.lines.0.sku`. */
function fieldName(part: string, path: string): string {
  return `${part}${path.replaceAll("/", ".")}`.slice(0, FIELD_LENGTH_MAX);
}
