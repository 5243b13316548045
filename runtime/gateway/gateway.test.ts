import { afterAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer } from "node:net";
import { command, contract, query } from "../contract/contract.ts";
import { DomainError, TransportError } from "../contract/errors.ts";
import type { Identity } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia, httpSchema, problem } from "../http.ts";
import { type JsonLog, jsonLog } from "../telemetry/json-log.ts";
import { type GatewayOptions, gateway } from "./gateway.ts";
import type { Invoke, InvokeRequest } from "./invoke.ts";

const Tea = t.Object({ name: t.String({ minLength: 1 }), grams: t.Integer({ minimum: 1 }) });
const teas = contract("teas", {
  teaNamed: query({
    input: t.Object({ name: t.String() }),
    output: Tea,
    errors: { TEA_NOT_FOUND: t.Object({ name: t.String() }) },
  }),
  addTea: command({ input: Tea, output: Tea }),
});

function routes(edge: Edge) {
  return new Elysia({ name: "teas" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/teas/:name", ({ call, params }) => call(teas.teaNamed, params), {
      params: httpSchema.Object({ name: httpSchema.String() }),
      response: teas.teaNamed.output,
    })
    .post(
      "/v1/teas",
      ({ call, body, requireKey }) => call(teas.addTea, body, { key: requireKey() }),
      { body: Tea },
    )
    .put("/v1/teas/:name", ({ call, body }) => call(teas.addTea, body), { body: Tea })
    .get("/v1/forwarded/:name", ({ forward, params }) => forward(teas.teaNamed, params), {
      params: httpSchema.Object({ name: httpSchema.String() }),
    })
    .get("/v1/hasty", ({ call }) =>
      call(teas.teaNamed, { name: "sencha" }, { signal: AbortSignal.abort("too slow") }),
    )
    .get("/v1/me", ({ identity }) => identity, { access: ["staff"] })
    .get("/v1/cached", ({ set }) => {
      set.headers["cache-control"] = "public, max-age=60";
      return "cached";
    })
    .get("/v1/own", () => {
      throw problem(410, "tea_drunk", "This tea was drunk.", { cups: 2 });
    })
    .get("/v1/crash", () => {
      throw new Error("the database is at /secret/path");
    })
    .get("/v1/lies", () => ({ name: "" }), {
      response: httpSchema.Object({ name: httpSchema.String({ minLength: 1 }) }),
    })
    .get("/dev/mailbox", () => "mail");
}

const identities = new Map<string, Identity>([
  ["staff-token", { kind: "user", userId: "usr_1", role: "staff" }],
  ["customer-token", { kind: "user", userId: "usr_2", role: "customer" }],
]);

async function authenticate(bearer: string): Promise<Identity> {
  const identity = identities.get(bearer);
  if (identity !== undefined) return identity;
  throw Object.assign(new Error("unknown token"), { name: "InvalidToken" });
}

type Seen = {
  readonly procedure: string;
  readonly input: unknown;
  readonly request: InvokeRequest;
};

/** A gateway over a kernel's boundary that answers with what it was given. */
function opened(invoke?: Invoke, options: Partial<GatewayOptions> = {}) {
  const seen: Seen[] = [];
  const lines: string[] = [];
  const log: JsonLog = jsonLog({ level: "info", sink: (line) => lines.push(line), now: () => 0 });
  const { url, stop } = gateway({
    routes: [routes],
    invoke: async (procedure, input, request) => {
      seen.push({ procedure: `${procedure.module}.${procedure.name}`, input, request });
      return invoke === undefined
        ? { name: "sencha", grams: 50 }
        : invoke(procedure, input, request);
    },
    authenticate,
    host: "127.0.0.1",
    port: 0,
    log,
    environment: realEnvironment(),
    development: true,
    ready: () => true,
    ...options,
  });
  const end = () => stop(1_000);
  return { url, stop, seen, lines, log, [Symbol.asyncDispose]: end };
}

const shared = opened();
afterAll(() => shared.stop(1_000));

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const json = { "content-type": "application/json", "idempotency-key": "k-1" };
  return { method: "POST", body: JSON.stringify(body), headers: { ...json, ...headers } };
}

async function problemAt(path: string, init?: RequestInit, { url } = shared) {
  const response = await fetch(`${url}${path}`, init);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  const { instance, ...body } = (await response.json()) as Record<string, unknown>;
  expect(instance).toBe(`urn:request:${response.headers.get("x-request-id")}`);
  expect(body["status"]).toBe(response.status);
  return { status: response.status, headers: response.headers, body };
}

function refusing(error: unknown): Invoke {
  return () => Promise.reject(error);
}

describe("an answer", () => {
  test("carries what the module said, the trace id and the security headers", async () => {
    const response = await fetch(`${shared.url}/v1/teas/sencha?secret=1`);
    expect(await response.json()).toEqual({ name: "sencha", grams: 50 });
    const headers = Object.fromEntries(response.headers);
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f]{32}$/);
    expect(headers["x-request-id"]).toBe(shared.seen.at(-1)?.request.traceId ?? "");
    const { date, "content-length": length, "x-request-id": id, ...rest } = headers;
    expect(rest).toMatchSnapshot();
  });

  test("that is forwarded is the text that the module wrote, as JSON", async () => {
    const text = '{"name":"sencha", "grams":50}';
    await using own = opened(async () => text);
    const response = await fetch(`${own.url}/v1/forwarded/sencha`);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe(text);
    expect(own.seen[0]?.request.asText).toBe(true);
  });

  test("that cannot be forwarded is a problem like any other", async () => {
    await using own = opened(
      refusing(new DomainError("TEA_NOT_FOUND", { name: "sencha" }, "teas.teaNamed")),
    );
    const { status, body } = await problemAt("/v1/forwarded/sencha", {}, own);
    expect([status, body["code"]]).toEqual([404, "tea_not_found"]);
  });

  test("keeps the caching that its route chose", async () => {
    const response = await fetch(`${shared.url}/v1/cached`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=60");
  });

  test("to HEAD has the headers of GET and no body", async () => {
    const response = await fetch(`${shared.url}/v1/teas/sencha`, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("leaves one line in the log, without the query", async () => {
    await using own = opened();
    await fetch(`${own.url}/v1/teas/sencha?token=abc`, {
      headers: { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` },
    });
    expect(own.lines).toHaveLength(1);
    expect(JSON.parse(own.lines[0] ?? "")).toMatchObject({
      message: "request",
      method: "GET",
      route: "/v1/teas/:name",
      status: 200,
      theirTraceId: "a".repeat(32),
    });
    expect(own.lines[0]).not.toContain("abc");
  });
});

describe("a request that fits no route", () => {
  test("gets 404 for an unknown address, and 405 with Allow for a wrong method", async () => {
    expect(await problemAt("/nowhere")).toMatchObject({ status: 404, body: { code: "not_found" } });
    const { headers, body } = await problemAt("/v1/teas/sencha", { method: "DELETE" });
    expect(headers.get("allow")).toBe("GET, HEAD, PUT");
    expect(body["code"]).toBe("method_not_allowed");
  });

  test("does not find the development pages outside of development", async () => {
    await using production = opened(undefined, { development: false });
    expect((await problemAt("/dev/mailbox", {}, production)).status).toBe(404);
    expect((await problemAt("/dev/mailbox", { method: "POST" }, production)).status).toBe(404);
    expect((await fetch(`${shared.url}/dev/mailbox`)).status).toBe(200);
  });
});

describe("a body", () => {
  test("that is not JSON gets 400, of another type 415, too large 413", async () => {
    const json = { "content-type": "application/json" };
    const malformed = await problemAt("/v1/teas", { method: "POST", body: "{", headers: json });
    expect(malformed).toMatchObject({ status: 400, body: { code: "malformed_body" } });
    const text = await problemAt("/v1/teas", { method: "POST", body: "name=x" });
    expect(text).toMatchObject({ status: 415, body: { code: "unsupported_media_type" } });
    const large = await problemAt("/v1/teas", post("x".repeat(300_000)));
    expect(large).toMatchObject({ status: 413, body: { code: "body_too_large" } });
  });

  test("is JSON however its type is written", async () => {
    for (const type of ["Application/JSON", "application/JSON;charset=utf-8"]) {
      for (const name of ["sencha", "x".repeat(2_000)]) {
        const init = post({ name, grams: 1 }, { "content-type": type });
        const response = await fetch(`${shared.url}/v1/teas`, init);
        expect([type, response.status]).toEqual([type, 200]);
        expect(shared.seen.at(-1)?.input).toEqual({ name, grams: 1 });
      }
    }
  });

  test("of unannounced length is read up to the limit", async () => {
    const stream = (size: number) =>
      new ReadableStream({
        start(controller) {
          const name = "x".repeat(size);
          controller.enqueue(new TextEncoder().encode(JSON.stringify({ name, grams: 1 })));
          controller.close();
        },
      });
    const { headers = {} } = post({});
    const send = { method: "POST", headers };
    const small = await fetch(`${shared.url}/v1/teas`, { ...send, body: stream(10) });
    expect(small.status).toBe(200);
    expect((await problemAt("/v1/teas", { ...send, body: stream(300_000) })).status).toBe(413);
  });

  test("that does not fit gets 422 with a sentence a field, and nothing is called", async () => {
    const before = shared.seen.length;
    expect((await problemAt("/v1/teas", post({ name: "", grams: 0.5 }))).body).toMatchSnapshot();
    expect(shared.seen.length).toBe(before);
  });
});

describe("the sender", () => {
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  test("is who the token says, whatever other headers claim", async () => {
    const headers = { "x-user-id": "usr_1", "x-user-role": "staff", "x-forwarded-user": "usr_1" };
    const { status, body } = await problemAt("/v1/me", { headers });
    expect([status, body["code"]]).toEqual([401, "authentication_required"]);
    expect((await problemAt("/v1/me", as("customer-token"))).body["code"]).toBe("forbidden");
    const response = await fetch(`${shared.url}/v1/me`, as("staff-token"));
    expect(await response.json()).toEqual({ kind: "user", userId: "usr_1", role: "staff" });
  });

  test("with a bad token gets 401 even where none is needed", async () => {
    for (const authorization of ["Bearer wrong", "Basic dTpw", "Bearer", "Bearer a b"]) {
      const { status, headers, body } = await problemAt("/v1/cached", {
        headers: { authorization },
      });
      expect([status, body["code"]]).toEqual([401, "invalid_token"]);
      expect(headers.get("www-authenticate")).toStartWith("Bearer");
    }
  });
});

describe("an idempotency key", () => {
  async function keyOf(headers: Record<string, string>): Promise<string | undefined> {
    const response = await fetch(`${shared.url}/v1/teas`, post({ name: "a", grams: 1 }, headers));
    expect(response.status).toBe(200);
    return shared.seen.at(-1)?.request.key;
  }

  test("reads the same quoted and bare, and never meets another sender's", async () => {
    const staff = { authorization: "Bearer staff-token" };
    const bare = await keyOf({ "idempotency-key": "k-9", ...staff });
    expect(await keyOf({ "idempotency-key": '"k-9"', ...staff })).toBe(bare);
    const keys = new Set([
      bare,
      await keyOf({ "idempotency-key": "k-9" }),
      await keyOf({ "idempotency-key": "k-9", authorization: "Bearer customer-token" }),
      await keyOf({ "idempotency-key": "k-9", "x-cart-token": "one" }),
      await keyOf({ "idempotency-key": "k-9", "x-cart-token": "two" }),
    ]);
    expect(keys.size).toBe(5);
  });

  test("of a guest with an empty cart token is that of one without", async () => {
    const bare = await keyOf({ "idempotency-key": "k-9" });
    expect(await keyOf({ "idempotency-key": "k-9", "x-cart-token": "" })).toBe(bare);
  });

  test("is refused when it is missing, too long, empty or does not print", async () => {
    const body = JSON.stringify({ name: "a", grams: 1 });
    const json = { "content-type": "application/json" };
    const missing = await problemAt("/v1/teas", { method: "POST", body, headers: json });
    expect(missing).toMatchObject({ status: 400, body: { code: "idempotency_key_required" } });
    for (const key of ['""', "x".repeat(256), "a b", "ä"]) {
      const refused = await problemAt("/v1/teas", post({}, { "idempotency-key": key }));
      expect(refused).toMatchObject({ status: 400, body: { code: "idempotency_key_invalid" } });
    }
  });
});

describe("what the kernel throws", () => {
  const cases: [string, unknown][] = [
    ["a declared refusal", new DomainError("TEA_NOT_FOUND", { name: "x" }, "teas.teaNamed")],
    [
      "a deadline",
      new TransportError("DEADLINE", "unknown", "internal words", { fault: "callee" }),
    ],
    [
      "an absent module",
      new TransportError("UNREACHABLE", "no", "internal words", { fault: "callee" }),
    ],
    ["a key with another body", new DomainError("IDEMPOTENCY_MISMATCH", { key: "k" }, "teas.x")],
    ["a code of Elysia's", Object.assign(new Error("internal words"), { code: "VALIDATION" })],
    ["a text", "internal words"],
    ["nothing", undefined],
    ["null", null],
  ];

  test.each(cases)("becomes a problem without internals: %s", async (_what, error) => {
    await using own = opened(refusing(error));
    const { body, headers } = await problemAt("/v1/teas/sencha", {}, own);
    expect(JSON.stringify(body)).not.toContain("internal words");
    expect({ ...body, retryAfter: headers.get("retry-after") }).toMatchSnapshot();
  });

  test("is logged whole when it is a defect, and only then", async () => {
    await using own = opened();
    expect((await problemAt("/v1/crash", {}, own)).body).toMatchSnapshot();
    expect((await problemAt("/v1/lies", {}, own)).body["code"]).toBe("internal");
    await problemAt("/v1/own", {}, own);
    const errors = own.lines.filter((line) => line.includes('"level":"error"'));
    expect(errors).toHaveLength(2);
    expect(errors[0]).toContain("/secret/path");
  });

  test("a route may answer with its own problem", async () => {
    expect((await problemAt("/v1/own")).body).toEqual({
      type: "about:blank",
      title: "Gone",
      status: 410,
      detail: "This tea was drunk.",
      code: "tea_drunk",
      data: { cups: 2 },
    });
  });

  test("every call gets what is left of the request's time", async () => {
    await fetch(`${shared.url}/v1/teas/sencha`);
    const deadlineMs = shared.seen.at(-1)?.request.deadlineMs ?? 0;
    expect(deadlineMs).toBeGreaterThan(5_000);
    expect(deadlineMs).toBeLessThanOrEqual(10_000);
    expect(shared.seen.at(-1)?.request.signal).toBeUndefined();
  });

  test("a route may give a call up", async () => {
    await fetch(`${shared.url}/v1/hasty`);
    expect(shared.seen.at(-1)?.request.signal?.reason).toBe("too slow");
  });
});

describe("stopping", () => {
  test("finishes what is in flight and takes nothing new", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const { promise: answer, resolve: reply } = Promise.withResolvers<unknown>();
    const own = opened(() => {
      ask();
      return answer;
    });
    const response = fetch(`${own.url}/v1/teas/slow`);
    await asked;
    const stopped = own.stop(5_000);
    reply({ name: "slow", grams: 1 });
    expect(await (await response).json()).toEqual({ name: "slow", grams: 1 });
    await stopped;
    expect(fetch(`${own.url}/healthz`)).rejects.toThrow();
  });

  test("does not wait for ever", async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    const own = opened(() => {
      ask();
      return new Promise(() => {});
    });
    const response = fetch(`${own.url}/v1/teas/never`).catch((error: unknown) => error);
    await asked;
    await own.stop(20);
    expect(await response).toBeInstanceOf(Error);
  });

  test("health is one thing, readiness another", async () => {
    await using own = opened(undefined, { ready: () => false });
    expect((await fetch(`${own.url}/healthz`)).status).toBe(200);
    expect((await problemAt("/readyz", {}, own)).body["code"]).toBe("not_ready");
    expect((await fetch(`${shared.url}/readyz`)).status).toBe(200);
  });

  test("a port that is taken is refused with a sentence", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = Object.assign({ port: 0 }, other.address());
    expect(() => opened(undefined, { port })).toThrow(`cannot listen on port ${port}`);
    other.close();
  });

  test("a port that another gateway has is not shared with it", async () => {
    const port = Number(new URL(shared.url).port);
    expect(() => opened(undefined, { port })).toThrow(`cannot listen on port ${port}`);
  });
});
