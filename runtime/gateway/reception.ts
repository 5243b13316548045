import type { Server } from "bun";
import { type Context, NotFoundError } from "elysia";
import type { Environment } from "../contract/environment.ts";
import { InputError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import type { Log } from "../telemetry/log.ts";
import { parseTraceparent } from "../telemetry/trace.ts";
import { attachExchange, Exchange, exchangeOf } from "./exchange.ts";
import { answerHeaders } from "./headers.ts";
import { HttpProblem } from "./http-problem.ts";
import { intake } from "./intake.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { RouteTable } from "./route-table.ts";
import type { FailedRequest } from "./undecoded-field.ts";

export interface ReceptionOptions {
  /** Runs the route that fits the request. */
  readonly serve: (request: Request) => Response | Promise<Response>;
  readonly table: RouteTable;
  readonly authenticate: (bearer: string) => Promise<Identity>;
  readonly isStopping: () => boolean;
  readonly development: boolean;
  readonly environment: Pick<Environment, "monotonic" | "newTraceId">;
  readonly log: Log;
}

/** The part of Elysia's context that an answer is written into. */
export type AnswerSettings = Pick<Context["set"], "status" | "headers">;

/** What happens to each request before its route, and to each answer after it. */
export class Reception {
  readonly #options: ReceptionOptions;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** Answers a request. Never rejects; a request without a token or a body takes no extra turn. */
  receive(request: Request, server: Server<unknown>): Response | Promise<Response> {
    const { environment } = this.#options;
    const exchange = new Exchange(
      environment.newTraceId(),
      environment.monotonic(),
      () => server.requestIP(request)?.address ?? "nowhere",
    );
    let answer: Response | Promise<Response>;
    try {
      answer = this.#admit(request, exchange);
    } catch (error) {
      answer = this.#answerTo(error, request, exchange);
    }
    if (answer instanceof Response) return this.#finish(answer, request, exchange);
    return answer.then(
      (response) => this.#finish(response, request, exchange),
      (error) => this.#finish(this.#answerTo(error, request, exchange), request, exchange),
    );
  }

  /** Writes the problem that an error amounts to into the answer; returns its body. */
  explain(failed: FailedRequest, set: AnswerSettings, undecoded: string | undefined): string {
    const exchange = exchangeOf(failed.request);
    const { status, headers, body } = this.#problem(failed, exchange, undecoded);
    set.status = status;
    set.headers = { ...problemHeaders(exchange), ...headers };
    return JSON.stringify(body);
  }

  #admit(request: Request, exchange: Exchange): Response | Promise<Response> {
    if (!this.#options.development && pathOf(request).startsWith("/dev/")) {
      throw new NotFoundError();
    }
    const admitted = intake(request);
    const authorization = request.headers.get("authorization");
    if (authorization === null && admitted instanceof Request) {
      return this.#serve(admitted, exchange);
    }
    return this.#identify(admitted, authorization, exchange);
  }

  async #identify(
    admitted: Request | Promise<Request>,
    authorization: string | null,
    exchange: Exchange,
  ): Promise<Response> {
    const request = await admitted;
    if (authorization !== null) {
      exchange.identity = await this.#options.authenticate(bearerOf(authorization));
    }
    return this.#serve(request, exchange);
  }

  #serve(request: Request, exchange: Exchange): Response | Promise<Response> {
    if (request.method === "HEAD") return this.#serveHead(request, exchange);
    attachExchange(request, exchange);
    return this.#options.serve(request);
  }

  async #serveHead(request: Request, exchange: Exchange): Promise<Response> {
    const { url, headers, signal } = request;
    const get = new Request(url, { method: "GET", headers, signal });
    attachExchange(get, exchange);
    const response = await this.#options.serve(get);
    await response.body?.cancel();
    return new Response(null, { status: response.status, headers: response.headers });
  }

  #answerTo(error: unknown, request: Request, exchange: Exchange): Response {
    const { status, headers, body } = this.#problem({ error, request }, exchange);
    const init = { status, headers: { ...problemHeaders(exchange), ...headers } };
    return new Response(request.method === "HEAD" ? null : JSON.stringify(body), init);
  }

  #problem({ error, request }: FailedRequest, exchange: Exchange, undecoded?: string): Problem {
    const problem = problemOf(this.#wrongMethod(error, request) ?? error, undecoded);
    exchange.code = problem.body.code;
    const instance = `urn:request:${exchange.traceId}`;
    const isDefect = problem.body.code === "internal";
    if (isDefect || error instanceof InputError) {
      const { method } = request;
      const route = this.#routeOf(request, exchange);
      const about = { traceId: exchange.traceId, method, route, error };
      if (isDefect) this.#options.log.error("A request met a defect.", about);
      else this.#options.log.warn("A route lets through what its procedure refuses.", about);
    }
    return { ...problem, body: { ...problem.body, instance } };
  }

  #wrongMethod(error: unknown, request: Request): HttpProblem | undefined {
    if (!(error instanceof NotFoundError)) return undefined;
    const path = pathOf(request);
    if (!this.#options.development && path.startsWith("/dev/")) return undefined;
    const methods = this.#options.table.methodsAt(path);
    if (methods.length === 0 || methods.includes(request.method)) return undefined;
    const allow = methods.join(", ");
    return new HttpProblem(
      { status: 405, code: "method_not_allowed", headers: { allow } },
      `This address answers to ${allow}.`,
    );
  }

  #finish(response: Response, request: Request, exchange: Exchange): Response {
    const { environment, isStopping, log } = this.#options;
    if (isStopping()) response.headers.set("connection", "close");
    const { traceId, code, startedAtMs } = exchange;
    const theirs = request.headers.get("traceparent");
    log.info("request", {
      traceId,
      method: request.method,
      route: this.#routeOf(request, exchange),
      status: response.status,
      durationMs: Math.round((environment.monotonic() - startedAtMs) * 1_000) / 1_000,
      code: code === "" ? undefined : code,
      theirTraceId: theirs === null ? undefined : parseTraceparent(theirs)?.traceId,
    });
    return response;
  }

  #routeOf(request: Request, { route }: Exchange): string {
    return route || this.#options.table.patternAt(pathOf(request));
  }
}

function problemHeaders(exchange: Exchange): Record<string, string> {
  return { ...answerHeaders(exchange.traceId), "content-type": "application/problem+json" };
}

function bearerOf(authorization: string): string {
  const [, token] = /^Bearer +([\w~+/.=-]+)$/i.exec(authorization) ?? [];
  if (token !== undefined) return token;
  throw new HttpProblem(
    { status: 401, code: "invalid_token", headers: { "www-authenticate": "Bearer" } },
    "Send an access token as Authorization: Bearer, or no Authorization at all.",
  );
}

function pathOf({ url }: Request): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}
