import { Elysia } from "elysia";
import type { Call, CallOptions } from "../contract/call.ts";
import type { Contract, InputOf, OutputOf, Procedure } from "../contract/contract.ts";
import { TransportError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import { timeLeft } from "../contract/time.ts";
import { type Access, accessHook } from "./access.ts";
import { type Exchange, exchangeOf } from "./exchange.ts";
import { HttpProblem } from "./http-problem.ts";
import { idempotencyKeyOf, scopedKey } from "./idempotency-key.ts";
import type { Invoke } from "./invoke.ts";
import type { AnswerSettings } from "./reception.ts";

/** What every route gets from the gateway, beside Elysia's own. */
export type RequestContext = {
  /**
   * Calls a module on behalf of whoever sent the request, within the request's deadline and
   * trace.
   */
  readonly call: Call<Contract>;
  /**
   * Calls a query and answers the request with its output as the callee wrote it, without taking
   * it apart and putting it together again: for routes that are read often. What it resolves to
   * is for Elysia only; its type is for the clients.
   */
  readonly forward: <P extends Procedure & { kind: "query" }>(
    procedure: P,
    input: InputOf<P>,
  ) => Promise<OutputOf<P>>;
  /** Who sent the request, from a verified access token; anonymous without one. */
  readonly identity: Identity;
  /** The `Idempotency-Key` header, or undefined. */
  readonly idempotencyKey: string | undefined;
  /** The `Idempotency-Key` header; throws 400 without one. */
  readonly requireKey: () => string;
  /**
   * What to make an id or a reference of in place of the key: no other sender and no other route
   * has the same, whatever key they choose. `call` does so with its keys by itself.
   */
  readonly ownKey: (key: string) => string;
};

export interface EdgeOptions {
  readonly invoke: Invoke;
  /** The time a request may take, in milliseconds. */
  readonly deadlineMs: number;
  /** A clock in milliseconds that never jumps. */
  readonly monotonic: () => number;
}

/**
 * The plugin that a module's routes begin with: `new Elysia().use(edge)…`. It gives the types and
 * the means; what guards a route is put on it when the gateway has all of them.
 */
export function edgePlugin(options: EdgeOptions) {
  return new Elysia({ name: "edge" })
    .macro({ access: (access: Access) => ({ transform: accessHook(access) }) })
    .derive(
      { as: "scoped" },
      ({ request, set }): RequestContext =>
        contextOf({ request, set }, exchangeOf(request), options),
    );
}

/** The gateway's plugin, as a type. */
export type Edge = ReturnType<typeof edgePlugin>;

function contextOf(
  { request, set }: { readonly request: Request; readonly set: AnswerSettings },
  exchange: Exchange,
  options: EdgeOptions,
): RequestContext {
  const { identity, traceId } = exchange;
  const ownKey = (key: string) => scopedKey(key, request, exchange);
  const idempotencyKey = request.method === "GET" ? undefined : idempotencyKeyOf(request);
  return {
    identity,
    idempotencyKey,
    call: (procedure, input, callOptions = {}) => {
      const { key, signal } = callOptions;
      const answer = options.invoke(procedure, input, {
        identity,
        traceId,
        caller: "gateway",
        deadlineMs: timeLeftMs(exchange, options, callOptions),
        key: key === undefined ? undefined : ownKey(key),
        asText: false,
        signal,
      });
      return answer as Promise<never>; // Invoke promises an output that fits the contract.
    },
    forward: (procedure, input) => {
      set.headers["content-type"] = "application/json";
      const deadlineMs = timeLeftMs(exchange, options);
      const about = { identity, traceId, caller: "gateway", deadlineMs, key: undefined } as const;
      // As text, an answer is the JSON of an output that fits the contract.
      return options.invoke(procedure, input, { ...about, asText: true }) as Promise<never>;
    },
    requireKey: () => {
      if (idempotencyKey !== undefined) return idempotencyKey;
      throw keyRequired();
    },
    ownKey,
  };
}

function timeLeftMs(
  exchange: Exchange,
  options: EdgeOptions,
  { deadlineMs }: Pick<CallOptions, "deadlineMs"> = {},
): number {
  const leftMs = exchange.startedAtMs + options.deadlineMs - options.monotonic();
  if (leftMs > 0 && deadlineMs === undefined) return leftMs;
  if (leftMs > 0) return Math.min(leftMs, timeLeft(deadlineMs ?? 0, "The deadlineMs of a call"));
  const message = "There was no time left for another call.";
  throw new TransportError("DEADLINE", "no", message, { fault: "caller" });
}

function keyRequired(): HttpProblem {
  return new HttpProblem(
    { status: 400, code: "idempotency_key_required" },
    "Send an Idempotency-Key header: a new one for each intent, the same one when repeating it.",
  );
}
