import { KindGuard } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import { openUnions } from "../contract/schema.ts";
import { accessOf, isAccessHook, requireRole } from "./access.ts";
import { exchangeOf } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import type { AnswerSettings } from "./reception.ts";
import { textReader } from "./text-values.ts";

type Route = AnyElysia["routes"][number];
type Hooks = Route["hooks"];

/** The parts of Elysia's context that are there before a request is validated. */
interface Unvalidated {
  readonly request: Request;
  readonly set: AnswerSettings;
  readonly params: Record<string, unknown>;
  readonly query: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

/**
 * Puts what the gateway does for every route in front of all hooks of this one, whoever declared
 * it: access, security headers, and the types of what its address holds.
 */
export function guardRoute({ path, hooks }: Route): void {
  const rules = accessOf(hooks).filter((rule) => rule !== "public");
  const rest = (hooks.transform ?? []).filter((hook: Hook) => !isAccessHook(hook));
  const guard: Hook = {
    fn: ({ request, set }: Unvalidated) => {
      const exchange = exchangeOf(request);
      exchange.route = path;
      set.headers = answerHeaders(exchange.traceId);
      // Before the body is looked at, so that strangers learn nothing of what it should be.
      for (const roles of rules) requireRole(exchange.identity, roles);
    },
  };
  hooks.transform = [guard, ...textHooks(hooks), ...rest];
  openUnionsOf(hooks);
}

type Hook = { readonly fn: unknown };

function textHooks({ params, query, headers }: Hooks): Hook[] {
  const [readParams, readQuery, readHeaders] = [params, query, headers].map(textReader);
  const hooks: Hook[] = [];
  if (readParams !== undefined) {
    hooks.push({ fn: ({ params }: Unvalidated) => readParams(params, noLists) });
  }
  if (readHeaders !== undefined) {
    hooks.push({ fn: ({ headers }: Unvalidated) => readHeaders(headers, noLists) });
  }
  if (readQuery !== undefined) {
    hooks.push({
      fn: ({ query, request }: Unvalidated) =>
        readQuery(query, () => new URL(request.url).searchParams),
    });
  }
  return hooks;
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
