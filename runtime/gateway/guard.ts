import { KindGuard } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import type { Role } from "../contract/identity.ts";
import { openUnions } from "../contract/schema.ts";
import { accessOf, isAccessHook, requireRole } from "./access.ts";
import { exchangeOf } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { parsed } from "./intake.ts";
import { queryReader } from "./query-reader.ts";
import type { AnswerSettings } from "./reception.ts";
import { textReader, withoutCoercion } from "./text-values.ts";
import { bodyCheck } from "./validation.ts";

type Route = AnyElysia["routes"][number];
type Hooks = Route["hooks"];

/** The parts of Elysia's context that are there before a request is validated. */
interface Unvalidated {
  readonly request: Request;
  readonly set: AnswerSettings;
  readonly params: Record<string, unknown>;
  readonly query: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
  readonly body: unknown;
}

/**
 * Puts what happens to a request at this route into its order, whoever declared it. The first that
 * refuses a request answers it; from its arrival on it meets, from top to bottom:
 *
 * - in `Reception`: hiding of `/dev/`, `intake` (host, length and type of a body), authentication;
 * - `hooks.parse`, where the method has a body: its text is read and parsed;
 * - `hooks.transform`, as listed below: access, the address, the module's own, the body;
 * - Elysia's check by the schemas of headers, params, query and body, which also copies them;
 * - the module's `beforeHandle`, its handler and what it has for after that.
 */
export function guardRoute({ path, hooks }: Route): void {
  const { parse = [], transform = [] }: { parse?: Hook[]; transform?: Hook[] } = hooks;
  const rules = accessOf(hooks).filter((rule) => rule !== "public");
  hooks.query = withoutCoercion(hooks.query);
  hooks.params = withoutCoercion(hooks.params);
  openUnionsOf(hooks);
  // A route that names a parser, such as one for a text that is signed, is parsed by that alone.
  hooks.parse = parse.length > 0 ? parse : [{ fn: parseJson }];
  hooks.transform = [
    // Before the body is looked at, so that strangers learn nothing of what it should be.
    accessHookOf(path, rules),
    ...paramsHooks(hooks),
    ...headersHooks(hooks),
    ...queryHooks(hooks),
    ...transform.filter((hook) => !isAccessHook(hook)),
    // After the module's own, which may change the body, and before Elysia copies it.
    ...bodyHooks(hooks),
  ];
}

type Hook = { readonly fn: unknown };

function parseJson({ request }: Unvalidated, contentType: string) {
  return parsed(request, contentType);
}

/**
 * Says which route it is, gives the answer its headers, and refuses who may not use the route, and
 * a request that was answered already, while its body was awaited or its sender identified.
 */
function accessHookOf(path: string, rules: readonly (readonly Role[])[]): Hook {
  const fn = ({ request, set }: Unvalidated) => {
    const exchange = exchangeOf(request);
    if (exchange.givenUp !== undefined) throw exchange.givenUp;
    exchange.route = path;
    set.headers = answerHeaders(exchange.traceId);
    for (const roles of rules) requireRole(exchange.identity, roles);
  };
  return { fn };
}

function paramsHooks({ params: schema }: Hooks): Hook[] {
  const read = textReader(schema);
  return read === undefined ? [] : [{ fn: ({ params }: Unvalidated) => read(params, noLists) }];
}

function headersHooks({ headers: schema }: Hooks): Hook[] {
  const read = textReader(schema);
  return read === undefined ? [] : [{ fn: ({ headers }: Unvalidated) => read(headers, noLists) }];
}

function queryHooks({ query: schema }: Hooks): Hook[] {
  const read = queryReader(schema);
  if (read === undefined) return [];
  return [{ fn: ({ query, request }: Unvalidated) => read(query, request.url) }];
}

function bodyHooks({ body: schema }: Hooks): Hook[] {
  if (!KindGuard.IsSchema(schema)) return [];
  const check = bodyCheck(schema);
  return [{ fn: ({ body }: Unvalidated) => check(body) }];
}

function noLists() {
  return new URLSearchParams();
}

/** What Elysia cleans by a route's schemas keeps what any member of a union declares. */
function openUnionsOf({ body, query, params, headers, response }: Hooks): void {
  const answers = KindGuard.IsSchema(response) ? [response] : Object.values(response ?? {});
  for (const schema of [body, query, params, headers, ...answers]) {
    if (KindGuard.IsSchema(schema)) openUnions(schema);
  }
}
