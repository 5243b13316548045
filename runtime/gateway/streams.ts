import type { Context } from "elysia";
import { exchangeOf } from "./exchange.ts";

/** After how many seconds without traffic a connection is reset. */
export const IDLE_TIMEOUT_SECONDS = 30;
/** The longest that Bun takes besides none. */
const IDLE_TIMEOUT_SECONDS_MAX = 255;

/** A generator or another iterator. */
type Steps = { next(): unknown; return?(): unknown };
/** A stream as a route answers with it. */
type Source = ReadableStream<unknown> | Steps;

/** Called with what a stream threw after its first part was sent. */
export type OnStreamFailure = (error: unknown, request: Request) => void;

/** Reports whether Elysia sends a value part by part. */
export function isStream(value: object): value is Source {
  if (value instanceof ReadableStream) return true;
  const isPlain = value.constructor?.name === "Object";
  return !isPlain && "next" in value && typeof value.next === "function";
}

/**
 * Has `write` send a stream, and resets the connection when the stream fails after its first part:
 * Elysia would end the answer as if it were whole. A failure before that is thrown as from any
 * handler. The stream may be quiet for any time; it ends with its source or its connection.
 */
export async function streamed(
  source: Source,
  { request, onFailure }: { readonly request: Request; readonly onFailure: OnStreamFailure },
  write: (steps: Steps) => unknown,
): Promise<unknown> {
  const steps = new WatchedSteps(source, (error) => onFailure(error, request));
  const response = await write(steps);
  if (!steps.areSeveral || !(response instanceof Response) || response.body === null) {
    return response;
  }
  const exchange = exchangeOf(request);
  exchange.setIdleTimeout(0);
  const body = passedOn(response.body, () => {
    exchange.setIdleTimeout(IDLE_TIMEOUT_SECONDS);
    if (steps.failure !== undefined) onFailure(steps.failure.error, request);
    return steps.failure;
  });
  const { status, headers } = response;
  return new Response(body, { status, headers });
}

/**
 * Prepares an answer that a route made by itself, whose body may be a stream. It may be quiet for
 * four minutes. Elysia would take a chunked one apart and end it as whole when it fails.
 */
export function keepOpen(response: Response, settings: Context["set"], request: Request): Response {
  if (response.body === null) return response;
  exchangeOf(request).setIdleTimeout(IDLE_TIMEOUT_SECONDS_MAX);
  response.headers.delete("transfer-encoding");
  delete settings.headers["transfer-encoding"];
  // As Bun says in the answer to GET, and not in that to HEAD.
  if (!response.headers.has("content-type")) {
    settings.headers["content-type"] ??= "application/octet-stream";
  }
  return response;
}

/** The steps of a stream, which end where they fail and keep the failure. */
class WatchedSteps {
  readonly #steps: Steps;
  /** Elysia sends a stream in the form of server-sent events when it is marked so. */
  readonly sse: unknown;
  /** True when there was a first step that was not the last. */
  areSeveral = false;
  failure: { readonly error: unknown } | undefined;
  readonly #onEndFailure: (error: unknown) => void;

  constructor(source: Source, onEndFailure: (error: unknown) => void) {
    this.#onEndFailure = onEndFailure;
    this.#steps = source instanceof ReadableStream ? source[Symbol.asyncIterator]() : source;
    this.sse = "sse" in source ? source.sse : undefined;
  }

  async next(): Promise<unknown> {
    try {
      const step = await this.#steps.next();
      this.areSeveral ||= !isLast(step);
      return step;
    } catch (error) {
      if (!this.areSeveral) throw error;
      this.failure = { error };
      return { done: true, value: undefined };
    }
  }

  /** Ends the source when the client is gone. Never rejects: Elysia does not wait for it. */
  async return(): Promise<unknown> {
    try {
      return await this.#steps.return?.();
    } catch (error) {
      this.#onEndFailure(error);
      return { done: true, value: undefined };
    }
  }
}

function isLast(step: unknown): boolean {
  return typeof step === "object" && step !== null && "done" in step && step.done === true;
}

/** The same stream, which fails at its end when `failureAtEnd` says so. */
function passedOn(
  stream: ReadableStream<Uint8Array>,
  failureAtEnd: () => { readonly error: unknown } | undefined,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      const failure = failureAtEnd();
      if (failure === undefined) controller.close();
      else controller.error(failure.error);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
