import { KindGuard, type TSchema } from "@sinclair/typebox";
import { partsOf } from "../contract/schema.ts";

/** A route, with the schemas of what its address and its headers carry. */
interface Addressed {
  readonly method: string;
  readonly path: string;
  readonly hooks: {
    readonly query?: unknown;
    readonly params?: unknown;
    readonly headers?: unknown;
  };
}

/**
 * Throws unless what a route takes from its address and its headers are texts, numbers, booleans
 * and lists of them.
 *
 * Objects would be JSON within an address. Elysia parses it unguarded, so whoever sends half of it
 * would meet a defect.
 */
export function assertFlatAddress({ method, path, hooks }: Addressed): void {
  const { query, params, headers } = hooks;
  for (const [part, schema] of Object.entries({ query, params, headers })) {
    if (!KindGuard.IsSchema(schema)) continue;
    for (const [name, property] of Object.entries<TSchema>(schema["properties"] ?? {})) {
      if (!hasObject(property)) continue;
      throw new TypeError(
        `${method} ${path} takes ${name} of its ${part} as an object, but an address carries ` +
          "texts, numbers, booleans and lists of them only. Take it in the body, or field by " +
          "field.",
      );
    }
  }
}

function hasObject(schema: TSchema): boolean {
  return schema["type"] === "object" || partsOf(schema).some(hasObject);
}
