import { KindGuard } from "@sinclair/typebox";
import { TransformDecodeError, Value } from "@sinclair/typebox/value";
import { type AnyElysia, ValidationError } from "elysia";

/** The parts of a request that have schemas, in the order in which Elysia decodes them. */
const parts = ["headers", "params", "query", "body", "cookie"] as const;

/** A request that failed, as Elysia hands it to whoever explains the error. */
export type FailedRequest = { readonly [part in (typeof parts)[number]]?: unknown } & {
  readonly error: unknown;
  readonly request: Request;
  /** The pattern of its route; undefined before one was found. */
  readonly route?: string;
};

/**
 * Names the field that could not be decoded, as in `params.grams`: of a number that is out of its
 * range Elysia tells the value, and not where it was. Undefined for every other error.
 */
export function undecodedField(
  { error, request, route, ...context }: FailedRequest,
  routes: AnyElysia["routes"],
): string | undefined {
  if (!(error instanceof ValidationError) || error.type !== "property") return undefined;
  const { method } = request;
  const hooks = routes.find((one) => one.path === route && one.method === method)?.hooks;
  for (const part of parts) {
    const schema: unknown = hooks?.[part];
    if (!KindGuard.IsSchema(schema)) continue;
    try {
      Value.Decode(schema, Value.Clone(context[part]));
    } catch (cause) {
      if (cause instanceof TransformDecodeError) return `${part}${cause.path.replaceAll("/", ".")}`;
    }
  }
  return "request";
}
