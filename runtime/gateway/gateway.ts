import { type AnyElysia, Elysia } from "elysia";
import type { Environment } from "../contract/environment.ts";
import type { Identity } from "../contract/identity.ts";
import { within } from "../resilience/within.ts";
import type { Log } from "../telemetry/log.ts";
import { addressOf } from "./address.ts";
import { answerAdapter } from "./answers.ts";
import { assertRoutes } from "./assert-routes.ts";
import { Drain } from "./drain.ts";
import { type Edge, edgePlugin } from "./edge.ts";
import { guardRoute } from "./guard.ts";
import { HttpProblem } from "./http-problem.ts";
import type { Invoke } from "./invoke.ts";
import { REQUEST_DEADLINE_MS } from "./pending-request.ts";
import { type AnswerSettings, Reception } from "./reception.ts";
import { RouteTable } from "./route-table.ts";
import { IDLE_TIMEOUT_SECONDS, type OnStreamFailure } from "./streams.ts";
import { type FailedRequest, undecodedField } from "./undecoded-field.ts";

/** Up to this size a body that is too large is answered with a problem; above it, by Bun, bare. */
const REFUSED_BODY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Where Elysia looks for the path of an address: behind any host. By default it takes a host to
 * have four characters or more, and cuts the path short behind `http://web`.
 */
const handler = { standardHostname: false } as const;

/** The routes of one module, made over the gateway's plugin; the plug-in has the module's name. */
export type Routes = (edge: Edge) => AnyElysia;

/** Gives routes the name of their module, whatever the module calls its plug-in. */
export function routesOf(module: string, routes: Routes): Routes {
  return (edge) => new Elysia({ name: module }).use(routes(edge));
}

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
  /** Shows the routes below `/dev/`, to requests from this machine alone. */
  readonly development: boolean;
  /** True once the modules behind the gateway can serve. */
  readonly ready: () => boolean;
  /** The time a request may take, in milliseconds; ten seconds when not given. */
  readonly requestDeadlineMs?: number;
  /**
   * How long it goes on as before, but for `/readyz` and connections that are closed after each
   * answer, when it is told to stop: so that load balancers notice, in milliseconds. 0 by default.
   */
  readonly drainMs?: number;
}

/** A listening gateway. */
export interface Gateway {
  /** The address without a slash at the end, as in `http://127.0.0.1:3000`. */
  readonly url: string;
  /**
   * Answers what comes on the connections that it has accepted, closes each after its answer, and
   * takes no new ones; what is in flight finishes within `deadlineMs`, then every connection is
   * closed. Nothing waits that long for a head or a body that does not come, nor for a stream that
   * does not end. Calling it again returns the same promise.
   */
  stop(deadlineMs: number): Promise<void>;
  /** Closes every connection at once. */
  close(): Promise<void>;
}

/**
 * Serves the modules' routes over HTTP.
 *
 * Does once for all routes: identity, deadlines, trace ids, idempotency keys, limits, security
 * headers, problem+json, the access log, health and readiness. Throws a RouteError when routes
 * cannot be served as they are declared, and another error when the port is taken.
 */
export function gateway(options: GatewayOptions): Gateway {
  const { environment, host } = options;
  const drain = new Drain(environment);
  const deadlineMs = options.requestDeadlineMs ?? REQUEST_DEADLINE_MS;
  const reception: Reception = new Reception({
    serve: (request) => app.fetch(request),
    table: new RouteTable(() => app.routes),
    authenticate: options.authenticate,
    drain,
    development: options.development,
    deadlineMs,
    environment,
    log: options.log,
  });
  const app = compose(options, {
    deadlineMs,
    isReady: () => !drain.isDraining && options.ready(),
    explain: (failed) => reception.explain(failed, failed.set, undecodedField(failed, app.routes)),
    onStreamFailure: (error, request) => reception.noteStreamFailure(error, request),
  });
  const server = listen(options, reception);
  const stop = async (deadlineMs: number) => {
    drain.begin();
    await new Promise<void>((resolve) => void environment.after(options.drainMs ?? 0, resolve));
    await drain.hold();
    const closed = server.stop(false);
    drain.release();
    const pending = () => server.pendingRequests;
    const finished = drain.finish(reception, { pending, deadlineMs });
    await within(environment, deadlineMs, Promise.race([closed, finished]));
    if (pending() > 0) {
      const about = { pending: pending(), unanswered: reception.unanswered };
      options.log.warn("requests were cut off by the stop of the gateway", about);
    }
    await server.stop(true);
  };
  let stopped: Promise<void> | undefined;
  return {
    url: addressOf(host, server.port ?? options.port),
    stop(deadlineMs) {
      stopped ??= stop(deadlineMs);
      return stopped;
    },
    close: () => server.stop(true),
  };
}

type Platform = {
  readonly deadlineMs: number;
  readonly isReady: () => boolean;
  readonly explain: Explain;
  readonly onStreamFailure: OnStreamFailure;
};
type Explain = (failed: FailedRequest & { readonly set: AnswerSettings }) => string;

function compose(options: GatewayOptions, platform: Platform): AnyElysia {
  const { deadlineMs, isReady, explain, onStreamFailure } = platform;
  const edge = edgePlugin({
    invoke: options.invoke,
    monotonic: options.environment.monotonic,
    deadlineMs,
  });
  const plugins = [healthRoutes(edge, isReady), ...options.routes.map((routes) => routes(edge))];
  assertRoutes(plugins);
  const adapter = answerAdapter(onStreamFailure);
  const app: AnyElysia = new Elysia({ handler, adapter }).onError(explain);
  for (const plugin of plugins) {
    for (const route of plugin.routes) guardRoute(route);
    app.use(plugin);
  }
  return app.compile();
}

function healthRoutes(edge: Edge, isReady: () => boolean) {
  return new Elysia({ name: "gateway" })
    .use(edge)
    .get("/healthz", () => ({ status: "ok" }), { access: "public" })
    .get(
      "/readyz",
      () => {
        if (isReady()) return { status: "ready" };
        throw notReady();
      },
      { access: "public" },
    );
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
      // Above a request's deadline, so that a slow answer is not cut off.
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
