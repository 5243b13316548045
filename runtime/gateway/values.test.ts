import { afterAll, expect, test } from "bun:test";
import { checkedProcedure } from "../contract/check.ts";
import { contract, query } from "../contract/contract.ts";
import { anonymous } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { gateway } from "./gateway.ts";

const shape = t.Object({
  either: t.Optional(
    t.Union([t.Object({ a: t.Integer() }), t.Object({ a: t.Integer(), b: t.Integer() })]),
  ),
  names: t.Optional(t.Record(t.String(), t.String())),
  count: t.Optional(t.Integer()),
  share: t.Optional(t.Number()),
});
const echo = contract("echo", { echo: query({ input: shape, output: shape }) });
/** The same as an author of routes writes it, with Elysia's own schemas. */
const written = httpSchema.Object({
  either: httpSchema.Optional(
    httpSchema.Union([
      httpSchema.Object({ a: httpSchema.Number() }),
      httpSchema.Object({ a: httpSchema.Number(), b: httpSchema.Number() }),
    ]),
  ),
});

const routes = (edge: Edge) =>
  new Elysia({ name: "echo" })
    .use(edge)
    .guard({ access: "public" })
    .post("/v1/echo", ({ call, body }) => call(echo.echo, body), { body: shape, response: shape })
    .post("/v1/written", ({ call, body }) => call(echo.echo, body), {
      body: written,
      response: written,
    })
    .post("/v1/signed", ({ body }) => ({ body }), { parse: "text", body: t.String() })
    .get("/v1/counts/:count", ({ call, params }) => call(echo.echo, params), {
      params: httpSchema.Object({ count: httpSchema.Numeric({ minimum: 1, multipleOf: 1 }) }),
    });

const lines: string[] = [];
const server = gateway({
  routes: [routes],
  invoke: async (procedure, input) => {
    const { input: given, output } = checkedProcedure(procedure);
    return output.copy(given.copy(input));
  },
  authenticate: async () => anonymous,
  host: "127.0.0.1",
  port: 0,
  log: jsonLog({ level: "warn", sink: (line) => lines.push(line), now: () => 0 }),
  environment: realEnvironment(),
  development: true,
  ready: () => true,
});
afterAll(() => server.stop(1_000));

async function ask(path: string, body?: string) {
  const headers = { "content-type": "application/json" };
  const init = body === undefined ? {} : { method: "POST", body, headers };
  const response = await fetch(`${server.url}${path}`, init);
  return { status: response.status, text: await response.text() };
}

test.each(["/v1/echo", "/v1/written"])(
  "at %s what only a later member of a union declares is kept",
  async (path) => {
    const { status, text } = await ask(path, '{"either":{"a":1,"b":2,"c":3}}');
    expect([status, text]).toEqual([200, '{"either":{"a":1,"b":2}}']);
  },
);

test("a number arrives as a trip as JSON leaves it", async () => {
  expect((await ask("/v1/echo", '{"share":-0}')).text).toBe('{"share":0}');
  expect((await ask("/v1/echo", '{"share":1e400}')).status).toBe(422);
});

test.each([
  ["9007199254740992", "Expected a whole number from -9007199254740991 to 9007199254740991."],
  ["9223372036854775808", "Expected a whole number from -9007199254740991 to 9007199254740991."],
  ["-9007199254740992", "Expected a whole number from -9007199254740991 to 9007199254740991."],
  ["1.5", "Expected a whole number."],
])("the integer %s is refused with a sentence, not rounded", async (count, message) => {
  const { status, text } = await ask("/v1/echo", `{"count":${count}}`);
  expect(status).toBe(422);
  expect(JSON.parse(text).errors).toEqual([{ field: "body.count", message }]);
});

test("the greatest exact integer is taken", async () => {
  expect((await ask("/v1/echo", '{"count":9007199254740991}')).text).toBe(
    '{"count":9007199254740991}',
  );
});

test("what a route lets through and its procedure refuses is the sender's mistake", async () => {
  lines.length = 0;
  const { status, text } = await ask("/v1/counts/9223372036854775808");
  expect(status).toBe(422);
  expect(JSON.parse(text).errors).toEqual([
    { field: "count", message: "Expected integer to be less or equal to 9007199254740991." },
  ]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    message: "A route lets through what its procedure refuses.",
    route: "/v1/counts/:count",
  });
});

test.each([
  '{"names":{"__proto__":"x"}}',
  '{"names":{"\\u005f_pr\\u006Fto__" : "x"}}',
  '{"stray":[{"__proto__":{"admin":true}}]}',
])("the key __proto__ is refused, not lost: %s", async (body) => {
  const { status, text } = await ask("/v1/echo", body);
  expect(status).toBe(400);
  expect(JSON.parse(text).detail).toBe(
    "The body has a key __proto__, which is no name that data can have.",
  );
});

test("__proto__ as a text is data", async () => {
  const body = '{"names":{"a":"__proto__","_proto_":"b"}}';
  expect(await ask("/v1/echo", body)).toMatchObject({ status: 200 });
});

test.each([
  ['{"names":{"a":"\\ud800@x.de"}}', "body.names.a"],
  ['{"names":{"a":"x\\uDC00\\uD800"}}', "body.names.a"],
  ['{"names":{"\\udfff":"x"}}', "body.names"],
])("half a surrogate pair is refused, not changed: %s", async (body, field) => {
  const { status, text } = await ask("/v1/echo", body);
  expect(status).toBe(422);
  expect(JSON.parse(text).errors).toEqual([
    { field, message: "Expected well-formed Unicode, without half a surrogate pair." },
  ]);
});

test("a whole surrogate pair is data, and so is the text of an escape", async () => {
  const body = '{"names":{"a":"\\ud83c\\udf75","b":"\\\\ud800"}}';
  const { status, text } = await ask("/v1/echo", body);
  expect(status).toBe(200);
  expect(JSON.parse(text)).toEqual(JSON.parse(body));
});

test("a route that takes its body as a text gets the bytes as they came", async () => {
  const body = '{ "__proto__": 1,  "b": [ ] }';
  expect((await ask("/v1/signed", body)).text).toBe(JSON.stringify({ body }));
});
