import type { ValidationError } from "elysia";

const MISTAKES_MAX = 20;
const FIELD_LENGTH_MAX = 200;

/** One field of a request that does not fit, with what was expected; never with what was sent. */
export interface FieldMistake {
  readonly field: string;
  readonly message: string;
}

/** Lists the fields that do not fit, the first mistake of each, at most twenty. */
export function mistakesOf(error: ValidationError, url = ""): FieldMistake[] {
  const mistakes = new Map<string, string>();
  for (const { path, message } of details(error)) {
    if (mistakes.size >= MISTAKES_MAX) break;
    const field =
      error.type === "property" ? numberName(error.value, url) : fieldName(error.type, path);
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

/**
 * The query's parameter that has this value, if only one has. Of a number out of its range Elysia
 * tells no more than the value.
 */
function numberName(value: unknown, url: string): string {
  const { searchParams } = new URL(url, "http://localhost");
  const names = [...searchParams].filter(([, text]) => Number(text) === value);
  return names.length === 1 ? `query.${names[0]?.[0]}`.slice(0, FIELD_LENGTH_MAX) : "query";
}

/** `/lines/0/sku` in the body becomes `body.lines.0.sku`. */
function fieldName(part: string, path: string): string {
  return `${part}${path.replaceAll("/", ".")}`.slice(0, FIELD_LENGTH_MAX);
}
