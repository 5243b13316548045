import type { ValidationError } from "elysia";

const MISTAKES_MAX = 20;
const FIELD_LENGTH_MAX = 200;

/** One field of a request that does not fit, with what was expected; never with what was sent. */
export interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/** Lists the fields that do not fit, the first mistake of each, at most twenty. */
export function mistakesOf(error: ValidationError): FieldMistake[] {
  const mistakes = new Map<string, string>();
  for (const { path, message } of details(error)) {
    if (mistakes.size >= MISTAKES_MAX) break;
    const field = fieldName(error.type, path);
    if (!mistakes.has(field)) mistakes.set(field, `${message}.`);
  }
  return Array.from(mistakes, ([field, message]) => ({ field, message }));
}

function* details(error: ValidationError): Generator<{ path: string; message: string }> {
  for (const one of error.all) {
    if (typeof one.path === "string" && typeof one.message === "string") {
      yield { path: one.path, message: one.message };
    }
  }
}

/** `/lines/0/sku` in the body becomes `body.lines.0.sku`. */
function fieldName(part: string, path: string): string {
  return `${part}${path.replaceAll("/", ".")}`.slice(0, FIELD_LENGTH_MAX);
}
