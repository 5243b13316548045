import { KindGuard, type TSchema } from "@sinclair/typebox";
import { TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { type ValueError, ValueErrorType } from "@sinclair/typebox/errors";
import { Value } from "@sinclair/typebox/value";
import type { ValidationError } from "elysia";
import { expectation } from "../contract/expectation.ts";
import { isOptional, partsOf } from "../contract/schema.ts";

const MISTAKES_MAX = 20;
/** How many errors are looked at for that: a list of wrong items has several of each. */
const ERRORS_MAX = 200;
const FIELD_LENGTH_MAX = 200;

/** One field of a request that does not fit, with what was expected; never with what was sent. */
export interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/** A body or a query that does not fit its route's schema. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly mistakes: readonly FieldMistake[];

  constructor(mistakes: readonly FieldMistake[]) {
    super("The request does not fit its route's schemas.");
    this.mistakes = mistakes;
  }
}

/**
 * The check of a route's body, compiled when the first one comes. Throws a RequestError.
 *
 * It runs before Elysia copies the body by the same schema: that copy takes an object with a
 * `length` for a list of so many items. Elysia also fails, instead of refusing, when it describes
 * an object with a `toString` of its own.
 */
export function bodyCheck(schema: TSchema): (body: unknown) => void {
  let compiled: TypeCheck<TSchema> | undefined;
  return function checkBody(body) {
    // Not at the start: of most routes' bodies, none comes for a while.
    compiled ??= TypeCompiler.Compile(schema);
    const check = compiled;
    if (check.Check(body)) return;
    if (body === undefined && isOptional(schema)) return;
    if (hasDefault(schema) && check.Check(Value.Default(schema, body))) return;
    throw new RequestError(mistakesIn(check.Errors(body), (path) => fieldName("body", path)));
  };
}

/** Whether Elysia fills in what lacks in a body. */
function hasDefault(schema: TSchema): boolean {
  return "default" in schema || partsOf(schema).some(hasDefault);
}

/**
 * Lists the fields that do not fit, the first mistake of each, at most twenty. `undecoded` is the
 * field of an error that does not name its own.
 */
export function mistakesOf(
  { type, validator, value }: ValidationError,
  undecoded = "request",
): FieldMistake[] {
  const part = type === "property" ? undecoded : type;
  const nameOf = (path: string) => fieldName(part, path);
  if (validator instanceof TypeCheck) return mistakesIn(validator.Errors(value), nameOf);
  // Of schemas that are not TypeBox's nothing is known.
  if (!KindGuard.IsSchema(validator)) return [];
  return mistakesIn(Value.Errors(validator, value), nameOf);
}

function mistakesIn(
  errors: Iterable<ValueError>,
  nameOf: (path: string) => string,
): FieldMistake[] {
  const mistakes = new Map<string, string>();
  let seen = 0;
  for (const one of errors) {
    if (mistakes.size >= MISTAKES_MAX || seen++ >= ERRORS_MAX) break;
    const field = nameOf(one.path);
    if (!mistakes.has(field)) mistakes.set(field, `${sentenceOf(one)}.`);
  }
  return Array.from(mistakes, ([field, message]) => ({ field, message }));
}

type Detail = Pick<ValueError, "message" | "schema" | "type" | "value">;

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

/** A place in a part of a request, such as `body.items.0`, from its JSON pointer. */
export function fieldName(part: string, path: string): string {
  return `${part}${path.replaceAll("/", ".")}`.slice(0, FIELD_LENGTH_MAX);
}
