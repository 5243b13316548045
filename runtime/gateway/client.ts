import { treaty } from "@elysiajs/eden";
import type { AnyElysia } from "elysia";

/**
 * Headers sent with every request, such as `authorization` or `x-cart-token`; asked for anew each
 * time.
 */
export type ClientHeaders = () => Record<string, string>;

/**
 * A typed client of one module's routes at an origin: an Eden treaty that sends and returns every
 * value as it is.
 *
 * - A path's parameter is one segment of it, whatever characters it has. The values that no address
 *   can hold as a segment, "", "." and "..", throw a TypeError.
 * - So does null in a query, which Eden would leave out. A list without items is left out.
 * - A text stays a text, where Eden makes numbers, booleans and dates of those that look alike.
 */
export function moduleClient<App extends AnyElysia>(origin: string, headers: ClientHeaders) {
  const api = treaty<App>(origin, {
    parseDate: false,
    headers: () => headers(),
    onResponse: textOf,
  });
  return wholeSegments(api, "") as typeof api; // It has all that the treaty has.
}

/** The text of a good answer that is one; Eden reads all others. */
async function textOf(response: Response): Promise<unknown> {
  if (!response.ok) return undefined;
  const { headers } = response;
  if (!headers.get("content-type")?.startsWith("text/plain")) return undefined;
  const isStream = headers.get("transfer-encoding") === "chunked";
  return isStream ? partsOf(response) : await response.text();
}

/** The parts of a text as they arrive. */
async function* partsOf({ body }: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const part of body ?? []) yield decoder.decode(part, { stream: true });
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

/** What Eden takes for the end of an address, and calls. */
const methods = /^(?:get|post|put|delete|patch|options|head|connect|subscribe)$/;

/** Those of them that Eden gives no body, so that the options come first. */
const withoutBody = /^(?:get|head|subscribe)$/;

type Step = object & ((...given: unknown[]) => unknown);

/** A treaty, at a place in its addresses, that encodes parameters. Eden joins them as they are. */
function wholeSegments(step: object, name: string): object {
  return new Proxy(step, {
    get(target, key) {
      const next: unknown = Reflect.get(target, key);
      return typeof next === "function" ? wholeSegments(next, String(key)) : next;
    },
    apply(target, self, given: unknown[]) {
      // Eden's steps are functions, which Proxy's types do not say.
      const call = (...all: unknown[]) => Reflect.apply(target as Step, self, all);
      if (methods.test(name)) {
        const [options] = withoutBody.test(name) ? given : given.slice(1);
        assertNoNull(Object(options).query);
        return call(...given);
      }
      return wholeSegments(Object(call(encoded(given[0]))), "");
    },
  });
}

function assertNoNull(query: unknown): void {
  for (const [name, value] of Object.entries(Object(query))) {
    if (value !== null) continue;
    throw new TypeError(`The query's ${name} is null, which no address can hold. Leave it out.`);
  }
}

/** The one parameter of a step, such as `{ slug: "tea" }`, as Eden shall join it. */
function encoded(parameter: unknown): Record<string, string> {
  const entries = Object.entries(Object(parameter)).map(([name, value]) => {
    const text = String(value);
    if (text === "" || text === "." || text === "..") {
      throw new TypeError(`The parameter ${name} is "${text}", which no address can hold.`);
    }
    return [name, encodeURIComponent(text)];
  });
  return Object.fromEntries(entries);
}
