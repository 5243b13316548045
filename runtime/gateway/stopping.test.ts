import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { GIVE_UP_AFTER_MS } from "../resilience/deadlines.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { eventually } from "../testing/eventually.ts";
import { keepAliveClients, requestText } from "../testing/keep-alive-clients.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { type GatewayOptions, gateway } from "./gateway.ts";
import { REQUEST_DEADLINE_MS } from "./pending-request.ts";

/** Less than the ten seconds after which docker kills, on a machine that is busy. */
const HELD_MS_MAX = 8_000;

const bells = contract("bells", { ring: query({ input: t.Object({}), output: t.Object({}) }) });

function routes(edge: Edge) {
  return new Elysia({ name: "bells" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/bells", ({ call }) => call(bells.ring, {}))
    .post("/v1/bells", ({ call }) => call(bells.ring, {}), { body: t.Object({}) })
    .get("/v1/silence", () => new Promise(() => {}))
    .get("/v1/ticks", async function* () {
      yield "tick";
      await new Promise(() => {});
    });
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

/** A connection on which the beginning of a request was sent, and what has come back on it. */
async function half(port: number, beginning: string) {
  const sent = Promise.withResolvers<void>();
  let text = "";
  const socket = connect(port, "127.0.0.1", () => socket.write(beginning, () => sent.resolve()));
  socket.on("data", (data) => {
    text += data;
  });
  socket.on("error", () => {});
  await sent.promise;
  const closed = once(socket, "close");
  return { socket, text: () => text, answer: () => closed.then(() => text) };
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

describe("a gateway that stops", () => {
  test("waits for a head that has begun, but not for one that never comes whole", async () => {
    const { url, stop, environment } = opened();
    const port = Number(new URL(url).port);
    const halfHead = "GET /healthz HTTP/1.1\r\nHost: loc";
    const never = await half(port, halfHead);
    const late = await half(port, halfHead);
    const startMs = environment.monotonic();
    const stopped = stop(20_000);
    late.socket.write("alhost\r\n\r\n");
    await stopped;
    expect(environment.monotonic() - startMs).toBeLessThan(10_000);
    expect(late.text()).toStartWith("HTTP/1.1 200");
    expect(never.text()).toBe("");
  });

  test("does not cut off what it still works on, however long that is quiet", async () => {
    const { url, stop } = opened({ requestDeadlineMs: 2_500 });
    const silence = fetch(`${url}/v1/silence`);
    await fetch(`${url}/healthz`);
    const [answer] = await Promise.all([silence, stop(20_000)]);
    expect(answer.status).toBe(504);
  });
});

/** What holds back a body: so long that it is read in pieces, without a length, or short. */
const bodies = [
  ["a long body", "Content-Length: 2000\r\n\r\n{"],
  ["a body of no announced length", 'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'],
  ["a short body", "Content-Length: 20\r\n\r\n{"],
] as const;

const beginningOf = (rest: string) =>
  `POST /v1/bells HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${rest}`;

describe.each(bodies)("half of %s", (_, rest) => {
  test("is answered with 408 when the rest never comes, and reaches no route", async () => {
    await using own = opened({ requestDeadlineMs: 50 });
    const { answer: received } = await half(Number(new URL(own.url).port), beginningOf(rest));
    const answer = await received();
    expect(answer).toStartWith("HTTP/1.1 408 ");
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(answer).toContain('"title":"Request Timeout"');
    expect(answer).toContain('"code":"request_timeout"');
    expect(own.logged("error")).toEqual([]);
  });

  test("does not hold a stop, and one that comes whole then is answered", async () => {
    const { url, stop, environment, logged } = opened();
    const port = Number(new URL(url).port);
    const never = await half(port, beginningOf(rest));
    const late = await half(port, beginningOf("Content-Length: 2\r\n\r\n{"));
    await eventually(
      () => fetch(`${url}/healthz`),
      ({ ok }) => ok,
    );
    const startMs = environment.monotonic();
    const stopped = stop(60_000);
    late.socket.write("}");
    await stopped;
    expect(environment.monotonic() - startMs).toBeLessThan(HELD_MS_MAX);
    expect(await never.answer()).toStartWith("HTTP/1.1 408 ");
    expect(await late.answer()).toStartWith("HTTP/1.1 200 ");
    expect(logged("warn")).toEqual([]);
  });
});

test.each([
  [
    "a body",
    `Content-Type: application/json\r\nContent-Length: 2000\r\n\r\n{`,
    `${" ".repeat(1_998)}}`,
  ],
  ["a short body", `Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{`, "}"],
])(
  "%s that comes whole after its request was given up reaches no route",
  async (_, begun, rest) => {
    const environment = virtualEnvironment();
    let arrived = 0;
    const reached: string[] = [];
    const read = Promise.withResolvers<void>();
    const noted = (edge: Edge) =>
      new Elysia({ name: "noted" })
        .use(edge)
        .guard({ access: "public" })
        .post("/v1/noted", () => reached.push("noted"), { body: t.Object({}) })
        .get("/v1/after", () => read.resolve());
    await using own = opened({
      routes: [noted],
      environment: {
        ...environment,
        newTraceId() {
          arrived += 1;
          return environment.newTraceId();
        },
      },
    });
    const port = Number(new URL(own.url).port);
    const late = await half(port, `POST /v1/noted HTTP/1.1\r\nHost: localhost\r\n${begun}`);
    await eventually(
      () => arrived,
      (count) => count === 1,
    );
    const moveBy = (ms: number) => environment.moveTo(environment.monotonic() + ms);
    moveBy(REQUEST_DEADLINE_MS + GIVE_UP_AFTER_MS - 1);
    let isOver = false;
    const stopped = own.stop(60_000).then(() => (isOver = true));
    moveBy(0);
    await Promise.resolve();
    // Answers are held back by now, so the connection of one that is given up is still open.
    moveBy(1);
    late.socket.write(rest);
    const after = await half(port, requestText("GET /v1/after"));
    await read.promise;
    const answer = late.answer();
    await eventually(
      () => moveBy(250),
      () => isOver,
    );
    await Promise.all([stopped, after.answer()]);
    expect(await answer).toStartWith("HTTP/1.1 408 ");
    expect(reached).toEqual([]);
  },
);

test("a stream that does not end does not hold a stop, and is named in the log", async () => {
  const { url, stop, environment, logged } = opened();
  const response = await fetch(`${url}/v1/ticks`);
  const startMs = environment.monotonic();
  await stop(60_000);
  expect(environment.monotonic() - startMs).toBeLessThan(HELD_MS_MAX);
  await expect(response.text()).rejects.toThrow();
  expect(logged("warn")).toMatchObject([{ pending: 1, unanswered: 0 }]);
});

/** A generator that throws when it is ended, and a stream that throws when it is cancelled. */
const unwilling = {
  async *generator(tick: () => Promise<void>) {
    try {
      for (;;) {
        yield "tick";
        await tick();
      }
    } finally {
      await Promise.reject(new Error("It does not end."));
    }
  },
  stream: (tick: () => Promise<void>) =>
    new ReadableStream({
      async pull(controller) {
        await tick();
        controller.enqueue("tick");
      },
      cancel: () => Promise.reject(new Error("It does not end.")),
    }),
} as const;

test.each(["generator", "stream"] as const)(
  "a %s that throws when its client hangs up is named in the log, and harms nobody",
  async (kind) => {
    const { after } = realEnvironment();
    const tick = () => new Promise<void>((resolve) => void after(20, resolve));
    const ticking = (edge: Edge) =>
      new Elysia({ name: "ticking" })
        .use(edge)
        .get("/v1/ticking", () => unwilling[kind](tick), { access: "public" });
    await using own = opened({ routes: [ticking] });
    const hangUp = new AbortController();
    const response = await fetch(`${own.url}/v1/ticking`, { signal: hangUp.signal });
    await response.body?.getReader().read();
    hangUp.abort();
    const failures = await eventually(
      () => own.logged("error"),
      (lines) => lines.length > 0,
    );
    expect(failures).toMatchObject([{ route: "/v1/ticking" }]);
    expect((await fetch(`${own.url}/healthz`)).status).toBe(200);
  },
);

describe("a route that never answers", () => {
  test("and does after all, with a stream that cannot be cancelled, harms nobody", async () => {
    const cancelled = Promise.withResolvers<void>();
    const late = Promise.withResolvers<Response>();
    const source = new ReadableStream({
      cancel() {
        cancelled.resolve();
        throw new Error("This stream cannot be cancelled.");
      },
    });
    const lateRoutes = (edge: Edge) =>
      new Elysia({ name: "late" })
        .use(edge)
        .get("/v1/late", () => late.promise, { access: "public" });
    await using own = opened({ requestDeadlineMs: 50, routes: [lateRoutes] });
    expect((await fetch(`${own.url}/v1/late`)).status).toBe(504);
    late.resolve(new Response(source));
    await cancelled.promise;
    expect((await fetch(`${own.url}/healthz`)).status).toBe(200);
  });

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
