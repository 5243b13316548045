import { afterAll, expect, test } from "bun:test";
import { once } from "node:events";
import { connect } from "node:net";
import fc from "fast-check";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { gateway } from "./gateway.ts";

const defects: string[] = [];

function routes(edge: Edge) {
  const line = t.Object({ sku: t.String(), quantity: t.Integer() });
  return new Elysia({ name: "echo" })
    .use(edge)
    .guard({ access: "public" })
    .get("/dev/mailbox", () => "mail")
    .get("/v1/things/:id", ({ params }) => params, { params: t.Object({ id: t.String() }) })
    .post("/v1/things", ({ body }) => body, { body: t.Object({ lines: t.Array(line) }) });
}

const server = gateway({
  routes: [routes],
  invoke: () => Promise.reject(new Error("nothing is called here")),
  authenticate: () => Promise.reject(Object.assign(new Error(), { name: "InvalidToken" })),
  host: "127.0.0.1",
  port: 0,
  log: jsonLog({ level: "error", sink: (line) => defects.push(line), now: () => 0 }),
  environment: realEnvironment(),
  development: false,
  ready: () => true,
});
afterAll(() => server.stop(100));

/** Sends raw bytes and reads until the other side closes. */
async function send(raw: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data) => {
    answer += data;
  });
  socket.on("error", () => {});
  socket.end(raw, "latin1");
  await once(socket, "close");
  return answer;
}

function get(path: string, host: string): Promise<string> {
  return send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
}

async function postText(body: string): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return await fetch(`${server.url}/v1/things`, { method: "POST", body, headers });
}

test("no body makes a defect, and what is refused is refused as a problem", async () => {
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.jsonValue().map((lines) => JSON.stringify({ lines })),
  );
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const response = await postText(body);
      const text = await response.text();
      if (response.status === 200) return;
      expect([400, 422]).toContain(response.status);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(text).not.toMatch(/node_modules|elysia|typebox|\.ts:/i);
    }),
    { numRuns: 150, seed: 7 },
  );
  expect(defects).toEqual([]);
});

test("deep, wide and poisonous JSON is refused or cleaned", async () => {
  const deep = await postText("[".repeat(100_000));
  expect(deep.status).toBe(400);
  const nested = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
  expect([400, 422]).toContain((await postText(`{"lines":${nested}}`)).status);
  const poisoned = await postText('{"lines":[],"__proto__":{"admin":true},"extra":1}');
  expect(Object.keys(Object(await poisoned.json()))).not.toContain("__proto__");
  expect(Object("").admin).toBeUndefined();
  expect(defects).toEqual([]);
});

test("no address makes a defect", async () => {
  await fc.assert(
    fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
      const response = await fetch(`${server.url}/v1/things${path}?${query}`);
      expect([200, 404, 405]).toContain(response.status);
    }),
    { numRuns: 100, seed: 7 },
  );
  for (const [path, status] of [
    ["/v1/things/%", 422],
    ["/v1/things/%ff", 422],
    ["/v1/things/%00", 200],
    ["//", 404],
    ["/%2e%2e/%2e%2e", 404],
  ] as const) {
    const answer = await get(path, "a");
    expect(answer).toStartWith(`HTTP/1.1 ${status} `);
  }
  expect(defects).toEqual([]);
});

test.each([
  ["a short host", "a", "/dev/mailbox"],
  ["a short host and a longer path", "a", "/xx/dev/mailbox"],
  ["a short host and an empty segment", "abc", "//dev/mailbox"],
  ["a path as host", "a/zzzz", "/dev/mailbox"],
  ["a query as host", "a?x", "/dev/mailbox"],
  ["a fragment as host", "a#x", "/dev/mailbox"],
  ["a host in the address", "a", "http://a/xx/dev/mailbox"],
  ["a path as host in the address", "a", "http://a?x/dev/mailbox"],
  ["another protocol", "a", "https://a/dev/mailbox"],
  ["another protocol and a longer path", "a", "https://a/xx/dev/mailbox"],
])("%s does not open the development pages", async (_what, host, path) => {
  const answer = await get(path, host);
  expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
  expect(answer).not.toEndWith("mail");
});

test.each(["a", "web", "a_b.test:80", "[::1]:3000"])(
  "a path is whole behind the host %s",
  async (host) => {
    expect(await get("/v1/things/tea", host)).toEndWith('{"id":"tea"}');
  },
);

test.each([
  ["two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400],
  ["no host", "GET /healthz HTTP/1.1\r\n\r\n", 400],
  ["a path as host", "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  [
    "two lengths",
    "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    400,
  ],
  ["an unknown type", "POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 415],
])("a request with %s is refused", async (_what, raw, status) => {
  expect(await send(raw)).toStartWith(`HTTP/1.1 ${status} `);
});

test("a host of any length leaves the path as it was sent", async () => {
  const rest = "Connection: close\r\n\r\n";
  for (const host of ["h", "app", "shop", "shop.example:3000", "[::1]"]) {
    const known = await send(`GET /healthz?a=/b HTTP/1.1\r\nHost: ${host}\r\n${rest}`);
    expect(known).toStartWith("HTTP/1.1 200 ");
    const hidden = await send(`GET /xx/healthz HTTP/1.1\r\nHost: ${host}\r\n${rest}`);
    expect(hidden).toStartWith("HTTP/1.1 404 ");
  }
});

test.each(["x/v1", "x?", "x#", "a@b", "a\\b", "a b", "\u00e9"])(
  "a host that none can be, %s, is refused",
  async (host) => {
    const raw = `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    expect(await send(raw)).toStartWith("HTTP/1.1 400 ");
  },
);

test("a body above the limit is refused by its announcement, before it is sent", async () => {
  const type = "Content-Type: application/json";
  const head = `POST /v1/things HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 262145\r\n\r\n`;
  expect(await send(head)).toContain('"code":"body_too_large"');
});
