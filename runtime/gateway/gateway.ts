import { KindGuard } from "@sinclair/typebox";
import { type AnyElysia, Elysia } from "elysia";
import type { Environment } from "../contract/environment.ts";
import type { Identity } from "../contract/identity.ts";
import { openUnions } from "../contract/schema.ts";
import type { Log } from "../telemetry/log.ts";
import { addressOf } from "./address.ts";
import { type Edge, edgePlugin } from "./edge.ts";
import { HttpProblem } from "./http-problem.ts";
import { parsed } from "./intake.ts";
import type { Invoke } from "./invoke.ts";
import { type AnswerSettings, Reception } from "./reception.ts";
import { RouteTable } from "./route-table.ts";
import { type FailedRequest, undecodedField } from "./undecoded-field.ts";

const REQUEST_DEADLINE_MS = 10_000;
/**
 * Above a request's deadline, so that a slow answer is not cut off by an idle connection's limit.
 */
const IDLE_TIMEOUT_SECONDS = 30;
/** Up to this size a body that is too large is answered with a problem; above it, by Bun, bare. */
const REFUSED_BODY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Where Elysia looks for the path of an address: behind any host. By default it takes a host to
 * have four characters or more, and cuts the path short behind `http://web`.
 */
const handler = { standardHostname: false } as const;

/** The routes of one module, made over the gateway's plugin. */
export type Routes = (edge: Edge) => AnyElysia;

export interface GatewayOptions {
  readonly routes: readonly Routes[];
  readonly invoke: Invoke;
  /** Verifies an access token. Rejects with an error named `InvalidToken` when it isn't good. */
  readonly authenticate: (bearer: string) => Promise<Identity>;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
  readonly environment: Pick<Environment, "monotonic" | "newTraceId" | "after">;
  /** Shows the routes below `/dev/`, which are unknown otherwise. */
  readonly development: boolean;
  /** True once the modules behind the gateway can serve. */
  readonly ready: () => boolean;
  /** The time a request may take, in milliseconds; ten seconds when not given. */
  readonly requestDeadlineMs?: number;
}

/** A listening gateway. */
export interface Gateway {
  /** The address without a slash at the end, as in `http://127.0.0.1:3000`. */
  readonly url: string;
  /**
   * Takes no new connections, lets what is in flight finish for at most `deadlineMs`, then closes
   * every connection. Calling it again returns the same promise.
   */
  stop(deadlineMs: number): Promise<void>;
}

/**
 * Serves the modules' routes over HTTP.
 *
 * Does once for all routes: identity, deadlines, trace ids, idempotency keys, limits, security
 * headers, problem+json, the access log, health and readiness. Throws when the port is taken.
 */
export function gateway(options: GatewayOptions): Gateway {
  const { environment, host } = options;
  let stopping = false;
  const reception: Reception = new Reception({
    serve: (request) => app.fetch(request),
    table: new RouteTable(() => app.routes),
    authenticate: options.authenticate,
    isStopping: () => stopping,
    development: options.development,
    environment,
    log: options.log,
  });
  const app = compose(options, {
    isReady: () => !stopping && options.ready(),
    explain: (failed) => reception.explain(failed, failed.set, undecodedField(failed, app.routes)),
  });
  const server = listen(options, reception);
  const stop = async (deadlineMs: number) => {
    stopping = true;
    await within(environment, deadlineMs, server.stop(false));
    await server.stop(true);
  };
  let stopped: Promise<void> | undefined;
  return {
    url: addressOf(host, server.port ?? options.port),
    stop(deadlineMs) {
      stopped ??= stop(deadlineMs);
      return stopped;
    },
  };
}

type Platform = { readonly isReady: () => boolean; readonly explain: Explain };
type Explain = (failed: FailedRequest & { readonly set: AnswerSettings }) => string;

function compose(options: GatewayOptions, { isReady, explain }: Platform): AnyElysia {
  const edge = edgePlugin({
    invoke: options.invoke,
    monotonic: options.environment.monotonic,
    deadlineMs: options.requestDeadlineMs ?? REQUEST_DEADLINE_MS,
  });
  const app: AnyElysia = new Elysia({ handler })
    .onError(explain)
    .onParse(parseJson)
    .use(healthRoutes(edge, isReady));
  for (const routes of options.routes) app.use(routes(edge));
  for (const { hooks } of app.routes) {
    openUnionsOf(hooks);
    leaveToOwnParser(hooks);
  }
  // Routes that cannot stand beside one another are refused now, not at the first request.
  return app.compile();
}

function parseJson({ request }: { readonly request: Request }, contentType: string) {
  return parsed(request, contentType);
}

/** A route that names a parser, such as one for a text that is signed, is parsed by that alone. */
function leaveToOwnParser({ parse }: { parse?: { readonly fn: unknown }[] }): void {
  if (parse === undefined || parse.every(({ fn }) => fn === parseJson)) return;
  parse.splice(0, parse.length, ...parse.filter(({ fn }) => fn !== parseJson));
}

/** What Elysia cleans by a route's schemas keeps what any member of a union declares. */
function openUnionsOf(hooks: Readonly<Record<string, unknown>>): void {
  const { body, query, params, headers, response } = hooks;
  const answers = KindGuard.IsSchema(response) ? [response] : Object.values(response ?? {});
  for (const schema of [body, query, params, headers, ...answers]) {
    if (KindGuard.IsSchema(schema)) openUnions(schema);
  }
}

function healthRoutes(edge: Edge, isReady: () => boolean) {
  return new Elysia({ name: "health" })
    .use(edge)
    .get("/healthz", () => ({ status: "ok" }))
    .get("/readyz", () => {
      if (isReady()) return { status: "ready" };
      throw notReady();
    });
}

function notReady(): HttpProblem {
  const headers = { "retry-after": "1" };
  const detail = "This instance is starting or stopping.";
  return new HttpProblem({ status: 503, code: "not_ready", headers }, detail);
}

function listen(options: GatewayOptions, reception: Reception) {
  const { host, port } = options;
  try {
    return Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      maxRequestBodySize: REFUSED_BODY_BYTES_MAX,
      development: false,
      // Without it, two gateways would each get a part of the requests.
      reusePort: false,
      fetch: (request, server) => reception.receive(request, server),
      error: () => new Response(null, { status: 500 }),
    });
  } catch (cause) {
    throw new Error(
      `The gateway cannot listen on port ${port} of ${host}. Another program may have it: ` +
        "stop that one, or choose another port with --port or PORT.",
      { cause },
    );
  }
}

/** Waits for `work`, at most `deadlineMs`. */
function within(
  { after }: Pick<Environment, "after">,
  deadlineMs: number,
  work: Promise<void>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = after(deadlineMs, resolve);
    work.then(resolve, reject).finally(cancel);
  });
}
