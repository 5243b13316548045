import type { Server } from "bun";
import { type Context, NotFoundError } from "elysia";
import type { Environment } from "../contract/environment.ts";
import { InputError, TransportError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import { Deadlines, GIVE_UP_AFTER_MS } from "../resilience/deadlines.ts";
import type { Log } from "../telemetry/log.ts";
import { parseTraceparent } from "../telemetry/trace.ts";
import type { Drain, UnansweredRequests } from "./drain.ts";
import { attachExchange, Exchange, exchangeOf } from "./exchange.ts";
import { answerHeaders, completeHeaders } from "./headers.ts";
import { HttpProblem } from "./http-problem.ts";
import { intake } from "./intake.ts";
import { isLocalRequest } from "./local-request.ts";
import { PendingRequest } from "./pending-request.ts";
import { type Problem, problemOf } from "./problem.ts";
import type { RouteTable } from "./route-table.ts";
import type { FailedRequest } from "./undecoded-field.ts";

export interface ReceptionOptions {
  /** Runs the route that fits the request. */
  readonly serve: (request: Request) => Response | Promise<Response>;
  readonly table: RouteTable;
  readonly authenticate: (bearer: string) => Promise<Identity>;
  readonly drain: Drain;
  readonly development: boolean;
  /** The time a request may take, in milliseconds. */
  readonly deadlineMs: number;
  readonly environment: Pick<Environment, "monotonic" | "newTraceId" | "after">;
  readonly log: Log;
}

/** The part of Elysia's context that an answer is written into. */
export type AnswerSettings = Pick<Context["set"], "status" | "headers">;

/** What happens to each request before its route, and to each answer after it. */
export class Reception implements UnansweredRequests {
  readonly #options: ReceptionOptions;
  /** Requests without an answer; their bodies may not have come either. */
  readonly #deadlines: Deadlines;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.environment);
  }

  /** Answers a request. Never rejects; a request without a token or a body takes no extra turn. */
  receive(request: Request, server: Server<unknown>): Response | Promise<Response> {
    const { environment, drain } = this.#options;
    drain.noteRequest();
    const exchange = new Exchange(request, server, environment);
    let answer: Response | Promise<Response>;
    try {
      answer = this.#admit(request, exchange);
    } catch (error) {
      answer = this.#answerTo(error, request, exchange);
    }
    if (answer instanceof Response) return this.#finish(answer, request, exchange);
    return this.#inTime(answer, request, exchange);
  }

  /** See `UnansweredRequests`. */
  get unanswered(): number {
    return this.#pending().length;
  }

  /** See `UnansweredRequests`. */
  giveUpBodies(forMs: number): void {
    const beforeMs = this.#options.environment.monotonic() - forMs;
    for (const pending of this.#pending()) {
      if (pending.exchange.startedAtMs > beforeMs || !pending.exchange.awaitsBody) continue;
      this.#deadlines.forget(pending);
      pending.expire();
    }
  }

  #pending(): PendingRequest[] {
    return [...this.#deadlines].filter((one) => one instanceof PendingRequest);
  }

  /**
   * Answers when the route has not, a second after the request's deadline: with 504, or with 408
   * when the body has not come.
   */
  #inTime(answer: Promise<Response>, request: Request, exchange: Exchange): Promise<Response> {
    const dueAtMs = exchange.startedAtMs + this.#options.deadlineMs + GIVE_UP_AFTER_MS;
    return new Promise((resolve) => {
      const pending = new PendingRequest(dueAtMs, exchange, () => {
        const error = this.#givenUp(request, exchange);
        // The sender was told that nothing was done.
        if (exchange.route === "") exchange.givenUp = error;
        resolve(this.#finish(this.#answerTo(error, request, exchange), request, exchange));
      });
      const settle = (response: Response) => {
        if (pending.watcher === undefined) return discardBody(response);
        this.#deadlines.forget(pending);
        resolve(this.#finish(response, request, exchange));
      };
      this.#deadlines.watch(pending);
      answer.then(settle, (error) => {
        if (pending.watcher !== undefined) settle(this.#answerTo(error, request, exchange));
      });
    });
  }

  /** The error of a request that is given up; names its route in the log if it has reached one. */
  #givenUp(request: Request, exchange: Exchange): HttpProblem | TransportError {
    if (exchange.awaitsBody) return bodyMissing();
    const { traceId, route } = exchange;
    const hasBegun = route !== "";
    if (hasBegun) {
      const message =
        "a route has not answered after its request's deadline and is given up. " +
        "Set a time limit for what it awaits.";
      const durationMs = this.#options.environment.monotonic() - exchange.startedAtMs;
      this.#options.log.error(message, { traceId, method: request.method, route, durationMs });
    }
    const message = `${request.method} ${pathOf(request)} was not answered in time.`;
    const fault = hasBegun ? "callee" : "caller";
    return new TransportError("DEADLINE", hasBegun ? "unknown" : "no", message, { fault });
  }

  /** Writes the problem that an error amounts to into the answer; returns its body. */
  explain(failed: FailedRequest, set: AnswerSettings, undecoded: string | undefined): string {
    const exchange = exchangeOf(failed.request);
    const { status, headers, body } = this.#problem(failed, exchange, undecoded);
    set.status = status;
    set.headers = { ...problemHeaders(exchange), ...headers };
    return JSON.stringify(body);
  }

  /** Logs what a stream threw when its answer had begun, so that no problem can be answered. */
  noteStreamFailure(error: unknown, request: Request): void {
    const exchange = exchangeOf(request);
    const { traceId, route } = exchange;
    const about = { traceId, method: request.method, route, error };
    const isDefect = problemOf(error).body.code === "internal";
    const message = "A stream failed after its first part; its connection was reset.";
    if (isDefect) this.#options.log.error(message, about);
    else this.#options.log.warn(message, about);
  }

  #admit(request: Request, exchange: Exchange): Response | Promise<Response> {
    if (this.#isHiddenAid(request, exchange)) throw new NotFoundError();
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
    if (exchange.givenUp !== undefined) throw exchange.givenUp;
    if (authorization !== null) {
      exchange.isIdentifying = true;
      exchange.identity = await this.#options.authenticate(bearerOf(authorization));
      exchange.isIdentifying = false;
    }
    return this.#serve(request, exchange);
  }

  #serve(request: Request, exchange: Exchange): Response | Promise<Response> {
    if (request.method === "HEAD") return this.#serveHead(request, exchange);
    attachExchange(request, exchange);
    return this.#options.serve(request);
  }

  #serveHead(request: Request, exchange: Exchange): Response | Promise<Response> {
    const { url, headers, signal } = request;
    const get = new Request(url, { method: "GET", headers, signal });
    attachExchange(get, exchange);
    // Bun sends the length of the body, and not the body.
    return this.#options.serve(get);
  }

  #answerTo(error: unknown, request: Request, exchange: Exchange): Response {
    const { status, headers, body } = this.#problem({ error, request }, exchange);
    const init = { status, headers: { ...problemHeaders(exchange), ...headers } };
    return new Response(JSON.stringify(body), init);
  }

  #problem({ error, request }: FailedRequest, exchange: Exchange, undecoded?: string): Problem {
    const problem = problemOf(this.#wrongMethod(error, request, exchange) ?? error, undecoded);
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

  /** The aids below `/dev/` show mails and tokens of everybody. */
  #isHiddenAid(request: Request, exchange: Exchange): boolean {
    if (!pathOf(request).startsWith("/dev/")) return false;
    return !this.#options.development || !isLocalRequest(request, exchange.address());
  }

  #wrongMethod(error: unknown, request: Request, exchange: Exchange): HttpProblem | undefined {
    if (!(error instanceof NotFoundError)) return undefined;
    if (this.#isHiddenAid(request, exchange)) return undefined;
    const methods = this.#options.table.methodsAt(pathOf(request));
    if (methods.length === 0 || methods.includes(request.method)) return undefined;
    const allow = methods.join(", ");
    return new HttpProblem(
      { status: 405, code: "method_not_allowed", headers: { allow } },
      `This address answers to ${allow}.`,
    );
  }

  #finish(response: Response, request: Request, exchange: Exchange): Response | Promise<Response> {
    const { environment, drain, log } = this.#options;
    completeHeaders(response, exchange.traceId);
    if (drain.isDraining) response.headers.set("connection", "close");
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
    return drain.isHolding ? drain.released.then(() => response) : response;
  }

  #routeOf(request: Request, { route }: Exchange): string {
    return route || this.#options.table.patternAt(pathOf(request));
  }
}

/** Ends the body of an answer that nobody waits for any more, which may fail to end. */
function discardBody({ body }: Response): void {
  body?.cancel().catch(() => {});
}

function bodyMissing(): HttpProblem {
  return new HttpProblem(
    { status: 408, code: "request_timeout", headers: { connection: "close" } },
    "The body of this request did not arrive in time. Nothing was done; send it again.",
  );
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
