import { afterAll, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { silent } from "../testing/silent-log.ts";
import { gateway, type Routes } from "./gateway.ts";

const Line = t.Object({ sku: t.String(), quantity: t.Integer() });
const Lists = t.Object({
  lines: t.Optional(t.Array(Line)),
  names: t.Optional(t.Array(t.String())),
  nested: t.Optional(t.Array(t.Array(Line))),
  either: t.Optional(t.Union([t.Array(Line), t.Object({ lines: t.Array(Line) })])),
  named: t.Optional(t.Record(t.String(), t.Array(Line))),
  inside: t.Optional(t.Object({ lines: t.Array(Line, { minItems: 1 }) })),
});

const routes = (edge: Edge) =>
  new Elysia({ name: "lists" })
    .use(edge)
    .guard({ access: "public" })
    .post("/v1/lists", ({ body }) => body, { body: Lists })
    .post("/v1/list", ({ body }) => body, { body: t.Array(Line) })
    .post("/v1/optional", ({ body }) => ({ body }), {
      body: t.Optional(t.Object({ reason: t.String() })),
    })
    .post("/v1/filled", ({ body }) => body, {
      body: httpSchema.Object({ size: httpSchema.String({ default: "M" }) }),
    })
    .get("/v1/numbers", ({ query }) => query, {
      query: httpSchema.Object({ ids: httpSchema.Array(httpSchema.Number()) }),
    })
    .get("/v1/filtered", ({ query }) => query, {
      query: httpSchema.Object({
        one: httpSchema.Optional(httpSchema.Object({ a: httpSchema.String() })),
        several: httpSchema.Optional(
          httpSchema.Array(httpSchema.Object({ a: httpSchema.String() })),
        ),
        named: httpSchema.Optional(
          httpSchema.Record(httpSchema.String(), httpSchema.Object({ a: httpSchema.String() })),
        ),
      }),
    })
    .get("/v1/where", ({ request }) => new URL(request.url).pathname);

const { monotonic } = realEnvironment();
const defects: string[] = [];
const served = (routes: Routes, log = silent) =>
  gateway({
    routes: [routes],
    invoke: () => Promise.reject(new Error("nothing is called here")),
    authenticate: () => Promise.reject(new Error("nobody signs in here")),
    host: "127.0.0.1",
    port: 0,
    log,
    environment: realEnvironment(),
    development: true,
    ready: () => true,
  });
const server = served(
  routes,
  jsonLog({ level: "error", sink: (line) => defects.push(line), now: () => 0 }),
);
afterAll(async () => {
  await server.stop(100);
  expect(defects).toEqual([]);
});

async function post(path: string, body: string) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, { method: "POST", body, headers });
  return { status: answer.status, text: await answer.text() };
}

/** As long as nobody can have counted to a thousand million. */
const AT_ONCE_MS = 8_000;
const longList = '{"length":1000000000}';

test.each([
  ["/v1/lists", `{"lines":${longList}}`, "body.lines"],
  ["/v1/lists", `{"names":${longList}}`, "body.names"],
  ["/v1/lists", `{"nested":${longList}}`, "body.nested"],
  ["/v1/lists", `{"nested":[${longList}]}`, "body.nested.0"],
  ["/v1/lists", `{"either":${longList}}`, "body.either"],
  ["/v1/lists", `{"either":{"lines":${longList}}}`, "body.either"],
  ["/v1/lists", `{"named":{"a":${longList}}}`, "body.named.a"],
  ["/v1/lists", `{"inside":{"lines":${longList}}}`, "body.inside.lines"],
  ["/v1/list", longList, "body"],
])("at %s what only has the length of a list is none: %s", async (path, body, field) => {
  const beganAtMs = monotonic();
  const { status, text } = await post(path, body);
  expect(monotonic() - beganAtMs).toBeLessThan(AT_ONCE_MS);
  expect(status).toBe(422);
  expect(JSON.parse(text).errors[0].field).toBe(field);
});

test.each(["toString", "valueOf", "constructor", "hasOwnProperty", "toJSON"])(
  "a text that has a %s of its own is refused like any other object",
  async (name) => {
    const { status, text } = await post("/v1/list", `[{"sku":{"${name}":1},"quantity":1}]`);
    expect(status).toBe(422);
    expect(JSON.parse(text).errors).toEqual([{ field: "body.0.sku", message: "Expected a text." }]);
  },
);

test("of a long list of wrong items the first mistakes are told", async () => {
  const beganAtMs = monotonic();
  const { status, text } = await post("/v1/list", `[${"0,".repeat(100_000)}0]`);
  expect(monotonic() - beganAtMs).toBeLessThan(AT_ONCE_MS);
  expect([status, JSON.parse(text).errors.length]).toEqual([422, 20]);
});

test.each(["null", "5", '"x"', "[]", "{}", '{"reason":1}'])(
  "a body that may be left out must fit when it is there: %s",
  async (body) => {
    expect((await post("/v1/optional", body)).status).toBe(422);
  },
);

test("what a route fills in may lack", async () => {
  expect(await post("/v1/filled", "{}")).toEqual({ status: 200, text: '{"size":"M"}' });
});

test.each(["x", "[", "[1", "[x]", '{"length":1000000000}', '{"toString":1}'])(
  "a list of numbers in an address that holds something else is refused: %s",
  async (ids) => {
    const answer = await fetch(`${server.url}/v1/numbers?${new URLSearchParams({ ids })}`);
    expect(answer.status).toBe(422);
  },
);

test.each(["{", '{"a":', "[", "[{", '{"length":1000000000}', "null", "x"])(
  "an object in an address that is none, or half of one, is refused: %s",
  async (filter) => {
    for (const name of ["one", "several", "named"]) {
      const query = new URLSearchParams({ [name]: filter });
      const answer = await fetch(`${server.url}/v1/filtered?${query}`);
      expect([name, answer.status]).toEqual([name, 422]);
    }
  },
);

test.each(["999.999.999.999", "1.2.3.4.5", "a:99999", "[:::::]", "xn--a"])(
  "a host of which no address can be made is refused: %s",
  async (host) => {
    const long = JSON.stringify([{ sku: "x".repeat(2_000), quantity: 1 }]);
    const head = `Host: ${host}\r\nConnection: close\r\n`;
    const length = `Content-Type: application/json\r\nContent-Length: ${long.length}\r\n`;
    for (const raw of [
      `GET /v1/where HTTP/1.1\r\n${head}\r\n`,
      `HEAD /healthz HTTP/1.1\r\n${head}\r\n`,
      `POST /v1/list HTTP/1.1\r\n${head}${length}\r\n${long}`,
    ]) {
      expect(await send(raw)).toStartWith("HTTP/1.1 400 ");
    }
  },
);

/** Sends raw bytes and reads until the other side closes. */
async function send(raw: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  socket.on("error", () => {});
  socket.write(raw);
  await once(socket, "close");
  return answer;
}
