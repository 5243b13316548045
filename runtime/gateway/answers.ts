import { type Context, ElysiaCustomStatusResponse } from "elysia";
import type { ElysiaAdapter } from "elysia/adapter";
import { BunAdapter } from "elysia/adapter/bun";
import { isStream, keepOpen, type OnStreamFailure, streamed } from "./streams.ts";

type Settings = Context["set"];
/** Without a request, Elysia prepares the answer of a route whose handler is a value. */
type Write = (value: unknown, settings: Settings, request?: Request) => unknown;

const withoutBody = new Set<unknown>([204, 205, 304]);

/**
 * Elysia's adapter for Bun, except for how a route's value becomes an answer:
 *
 * - A number, a boolean or null is sent as JSON and only a text as text, so that a client can tell
 *   `true` from `"true"`.
 * - A stream that fails after its first part resets the connection.
 */
export function answerAdapter(onFailure: OnStreamFailure): ElysiaAdapter {
  const { handler } = BunAdapter;
  const writeWith =
    (elysia: Write): Write =>
    (value, settings, request) =>
      write(value, settings, { request, elysia, onFailure });
  return {
    ...BunAdapter,
    handler: {
      ...handler,
      // Elysia declares the parameters after the second as unknown; it passes the request.
      mapResponse: writeWith(handler.mapResponse as Write) as typeof handler.mapResponse,
      // Here too the third parameter is the request.
      mapEarlyResponse: writeWith(
        handler.mapEarlyResponse as Write,
      ) as typeof handler.mapEarlyResponse,
    },
  };
}

interface Means {
  readonly request: Request | undefined;
  readonly elysia: Write;
  readonly onFailure: OnStreamFailure;
}

function write(value: unknown, settings: Settings, means: Means): unknown {
  const { request, elysia, onFailure } = means;
  switch (typeof value) {
    case "string":
      // Bun would add it in the answer to GET and not in that to HEAD.
      settings.headers["content-type"] ??= "text/plain;charset=utf-8";
      return elysia(value, settings, request);
    case "number":
    case "boolean":
      return elysia(asJson(value, settings), settings, request);
    case "object":
      break;
    default:
      return elysia(value, settings, request);
  }
  if (value === null) {
    if (withoutBody.has(settings.status)) return elysia(value, settings, request);
    return elysia(asJson(value, settings), settings, request);
  }
  if (value instanceof Promise) return value.then((one) => write(one, settings, means));
  if (value instanceof ElysiaCustomStatusResponse) {
    settings.status = value.code;
    return write(value.response, settings, means);
  }
  if (request === undefined) return elysia(value, settings);
  if (value instanceof Response) {
    return elysia(keepOpen(value, settings, request), settings, request);
  }
  if (!isStream(value)) return elysia(value, settings, request);
  return streamed(value, { request, onFailure }, (steps) => elysia(steps, settings, request));
}

function asJson(value: unknown, settings: Settings): string {
  settings.headers["content-type"] = "application/json";
  return JSON.stringify(value);
}
