import { Kind, type TSchema } from "@sinclair/typebox";
import { textReader } from "./text-values.ts";
import { RequestError } from "./validation.ts";

/** The texts of a query by their names, as Elysia reads them: the last of each name. */
type Query = Record<string, unknown>;
/** All values of each name. */
type Sent = () => URLSearchParams;

/**
 * Makes a function that gives the texts of a query, as Elysia read them from an address, the types
 * of a schema. It throws a RequestError when a parameter stands there twice whose schema is no
 * list: of several values Elysia would take the last in silence. Undefined without a schema.
 */
export function queryReader(
  schema: TSchema | undefined,
): ((query: Query, url: string) => void) | undefined {
  if (schema === undefined) return undefined;
  const single = Object.entries<TSchema>(schema["properties"] ?? {})
    .filter(([, property]) => property[Kind] !== "Array")
    .map(([name]) => name);
  const read = textReader(schema);
  return function readQuery(query, url) {
    const start = url.indexOf("?");
    if (start === -1 && read === undefined) return;
    let all: URLSearchParams | undefined;
    const sent = () => {
      all ??= new URL(url).searchParams;
      return all;
    };
    const firstEnd = url.indexOf("&");
    if (firstEnd !== -1) checkPairs(query, single, { url, start, firstEnd, sent });
    read?.(query, sent);
  };
}

interface Address {
  readonly url: string;
  /** Where its query begins; -1 without one. */
  readonly start: number;
  /** Where its first pair ends. */
  readonly firstEnd: number;
  readonly sent: Sent;
}

function checkPairs(query: Query, single: readonly string[], address: Address): void {
  const { start, firstEnd, sent } = address;
  if (firstEnd < start) restore(query, sent());
  else if (pairsOf(address) <= Object.keys(query).length) return;
  const mistakes = single
    // A list that is one member of a union was read as a list.
    .filter((name) => typeof query[name] === "string" && sent().getAll(name).length > 1)
    .map((name) => ({ field: `query.${name}`, message: "Expected one value, not several." }));
  if (mistakes.length > 0) throw new RequestError(mistakes);
}

/** Elysia loses the first name of a query behind a path that has an `&`. */
function restore(query: Query, sent: URLSearchParams): void {
  for (const [name, text] of sent) query[name] ??= text;
}

function pairsOf({ url, firstEnd }: Address): number {
  let pairs = 1;
  for (let at = firstEnd; at !== -1; at = url.indexOf("&", at + 1)) pairs++;
  return pairs;
}
