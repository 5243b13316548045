import { Kind, KindGuard, type TSchema } from "@sinclair/typebox";
import { isInherited, partsOf } from "../contract/schema.ts";

const requestParts = ["body", "query", "params", "headers", "cookie"] as const;
type Part = (typeof requestParts)[number] | "response";
/** What a request has in its head, as texts with names. */
const textParts: ReadonlySet<Part> = new Set(["query", "params", "headers"]);

/** The schemas of a route, as Elysia keeps them. */
export interface RouteSchemas extends Partial<Record<Part, unknown>> {
  /** Those of a guard or a group around the route, which Elysia merges with the route's own. */
  readonly standaloneValidator?: readonly Partial<Record<Part, unknown>>[];
}

/**
 * Lists the reasons why the gateway cannot check requests by a route's schemas. What Elysia copies
 * by a schema that was not checked before may cost far more than its bytes, so a route has schemas
 * that can be read here. `route` names the route in the sentences.
 */
export function schemaMistakes(hooks: RouteSchemas, route: string): string[] {
  const own = requestParts.flatMap((part) => partMistakes(part, hooks[part], route));
  const answers = answersOf(hooks.response);
  return [
    ...own,
    ...answers.flatMap((schema) => partMistakes("response", schema, route)),
    ...(hooks.standaloneValidator ?? []).flatMap((outer) => outerMistakes(outer, route)),
  ];
}

/** One schema is for the status 200; else there is one for each status. */
function answersOf(response: unknown): unknown[] {
  if (typeof response !== "object" || response === null) return [response];
  return KindGuard.IsSchema(response) || "~standard" in response
    ? [response]
    : Object.values(response);
}

function outerMistakes(outer: Partial<Record<Part, unknown>>, route: string): string[] {
  const parts = Object.entries(outer).filter(([, schema]) => schema !== undefined);
  return parts.map(
    ([part]) =>
      `${route} has its ${part} checked by a guard or a group around it, which the gateway does ` +
      `not see. Declare ${part} with the route, or by .guard({ ${part} }) in front of it.`,
  );
}

function partMistakes(part: Part, schema: unknown, route: string): string[] {
  if (schema === undefined) return [];
  if (typeof schema === "string") {
    return [
      `${route} names the model "${schema}" as its ${part}; the gateway checks what it is given, ` +
        `not names. Give the schema itself, as in ${part}: schema.`,
    ];
  }
  if (!KindGuard.IsSchema(schema)) {
    return [
      `${route} has a schema of ${vendorOf(schema)} as its ${part}, which the gateway cannot ` +
        "check before it is copied. Write it with t, or with httpSchema.",
    ];
  }
  if (textParts.has(part) && schema[Kind] !== "Object") {
    return [
      `${route} has a schema of the kind ${schema[Kind]} as its ${part}, which does not say what ` +
        "each name stands for. Make it one t.Object.",
    ];
  }
  return innerMistakes(schema).map((mistake) => `${route} ${mistake} in its ${part}.`);
}

/** Mistakes at any depth of a schema. */
function innerMistakes(schema: TSchema): string[] {
  const mistakes = partsOf(schema).flatMap(innerMistakes);
  if (schema[Kind] === "Ref" || schema[Kind] === "Import") {
    mistakes.push(`refers to the model "${schema["$ref"]}", and needs the schema itself,`);
  }
  for (const name of Object.keys(schema["properties"] ?? {})) {
    if (!isInherited(name)) continue;
    mistakes.push(`has a property ${name}, which every object has and which needs another name,`);
  }
  return mistakes;
}

function vendorOf(schema: unknown): string {
  const { "~standard": standard } = Object(schema);
  return typeof standard?.vendor === "string" ? standard.vendor : "another library";
}
