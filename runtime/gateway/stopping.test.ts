import { describe, expect, test } from "bun:test";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { keepAliveClients, requestText } from "../testing/keep-alive-clients.ts";
import { type GatewayOptions, gateway } from "./gateway.ts";

const bells = contract("bells", { ring: query({ input: t.Object({}), output: t.Object({}) }) });

function routes(edge: Edge) {
  return new Elysia({ name: "bells" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/bells", ({ call }) => call(bells.ring, {}))
    .post("/v1/bells", ({ call }) => call(bells.ring, {}), { body: t.Object({}) })
    .get("/v1/silence", () => new Promise(() => {}));
}

/** A gateway before bells that take so many turns of the event loop to ring. */
function opened(options: Partial<GatewayOptions> = {}, turns = 3) {
  const lines: string[] = [];
  let asked = 0;
  let reached: { count: number; resolve: () => void } | undefined;
  const environment = realEnvironment();
  const log = jsonLog({ level: "info", sink: (line) => lines.push(line), now: () => 0 });
  const served = gateway({
    routes: [routes],
    async invoke() {
      asked += 1;
      if (reached !== undefined && asked >= reached.count) reached.resolve();
      for (let turn = 0; turn < turns; turn++) {
        await new Promise<void>((resolve) => environment.defer(resolve));
      }
      return {};
    },
    authenticate: () => Promise.reject(new Error("Nobody signs in.")),
    host: "127.0.0.1",
    port: 0,
    log,
    environment,
    development: true,
    ready: () => true,
    ...options,
  });
  return {
    ...served,
    environment,
    /** What was logged at this level. */
    logged(level: string): unknown[] {
      log.flush();
      const all = lines.flatMap((line) => line.trimEnd().split("\n"));
      return all.map((line) => JSON.parse(line)).filter((line) => line.level === level);
    },
    /** Resolves when so many calls were made. */
    calls: (count: number) => new Promise<void>((resolve) => (reached = { count, resolve })),
    [Symbol.asyncDispose]: () => served.stop(1_000),
  };
}

/** Every other client sends a body. */
const ring = (client: number) =>
  client % 2 === 0 ? requestText("GET /v1/bells") : requestText("POST /v1/bells", [], "{}");

describe("a gateway that stops under load", () => {
  test("answers all that was sent on its connections, each with Connection: close", async () => {
    const { url, stop, calls } = opened();
    const busy = calls(400);
    const clients = keepAliveClients(url, 40, ring);
    await busy;
    await stop(5_000);
    const { lost, closing, statuses } = await clients;
    expect(lost).toBe(0);
    expect(closing).toBeGreaterThanOrEqual(40);
    expect([...statuses.keys()]).toEqual([200]);
  });

  test("still takes connections for the time that load balancers need", async () => {
    const { url, stop, environment } = opened({ drainMs: 300 });
    const startMs = environment.monotonic();
    const stopped = stop(5_000);
    const late = await fetch(`${url}/v1/bells`);
    expect([late.status, late.headers.get("connection")]).toEqual([200, "close"]);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    await stopped;
    expect(environment.monotonic() - startMs).toBeGreaterThanOrEqual(300);
    expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

describe("a route that never answers", () => {
  test("is given up with 504 a second after its deadline, and named in the log", async () => {
    await using own = opened({ requestDeadlineMs: 50 });
    const response = await fetch(`${own.url}/v1/silence`);
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "deadline", executed: "unknown" });
    expect(own.logged("error")).toMatchObject([
      { route: "/v1/silence", method: "GET", traceId: expect.any(String) },
    ]);
  });
});
