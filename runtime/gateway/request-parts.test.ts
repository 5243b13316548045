import { afterAll, expect, test } from "bun:test";
import { checkedProcedure } from "../contract/check.ts";
import { contract, query } from "../contract/contract.ts";
import { anonymous } from "../contract/identity.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { silent } from "../testing/silent-log.ts";
import { gateway } from "./gateway.ts";

const grams = httpSchema.Numeric({ minimum: 1, multipleOf: 1 });
const weight = httpSchema.Object({ grams });
const parcel = t.Object({ grams: t.Integer({ minimum: 1 }) });
const wraps = contract("wraps", { weigh: query({ input: parcel, output: parcel }) });
const answer = () => ({ grams: 1 });

const routes = (edge: Edge) =>
  new Elysia({ name: "wraps" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/params/:grams", answer, { params: weight })
    .get("/v1/query", answer, { query: weight })
    .get("/v1/headers", answer, { headers: weight })
    .post("/v1/body", answer, { body: httpSchema.Object({ parcels: httpSchema.Array(weight) }) })
    .post("/v1/own-body", answer, { body: parcel })
    .get("/v1/own-params/:grams", answer, {
      params: t.Object({ grams: t.String({ maxLength: 2 }) }),
    })
    .get("/v1/both/:grams", answer, { params: weight, query: weight, headers: weight })
    .get("/v1/unchecked", ({ call }) => call(wraps.weigh, { grams: 0 }));

const server = gateway({
  routes: [routes],
  invoke: async (procedure, input) => checkedProcedure(procedure).input.copy(input),
  authenticate: async () => anonymous,
  host: "127.0.0.1",
  port: 0,
  log: silent,
  environment: realEnvironment(),
  development: true,
  ready: () => true,
});
afterAll(() => server.stop(1_000));

async function mistakes(path: string, { headers = {}, body }: Sent = {}) {
  const type = { "content-type": "application/json", ...headers };
  const sent = body === undefined ? { headers } : { method: "POST", headers: type, body };
  const response = await fetch(`${server.url}/v1/${path}`, sent);
  expect(response.status).toBe(422);
  const problem: { errors: { field: string; message: string }[] } = JSON.parse(
    await response.text(),
  );
  return problem.errors;
}

interface Sent {
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

test.each<[field: string, path: string, sent: Sent]>([
  ["params.grams", "params/0", {}],
  ["params.grams", "params/1.5", {}],
  ["params.grams", "params/0?grams=0", {}],
  ["query.grams", "query?grams=0", {}],
  ["headers.grams", "headers", { headers: { grams: "0" } }],
  ["body.parcels.1.grams", "body", { body: '{"parcels":[{"grams":1},{"grams":"0"}]}' }],
  ["body.grams", "own-body", { body: '{"grams":0}' }],
  ["headers.grams", "both/0?grams=0", { headers: { grams: "0" } }],
  ["params.grams", "both/0?grams=0", { headers: { grams: "1" } }],
  ["query.grams", "both/1?grams=0", { headers: { grams: "1" } }],
])("the part %s of %s is named where a number is out of its range", async (field, path, sent) => {
  const [first] = await mistakes(path, sent);
  expect(first?.field).toBe(field);
  expect(first?.message).toMatch(/^Expected a (whole )?number (of at least|from) 1/);
});

test.each<[field: string, path: string, sent: Sent]>([
  ["params.grams", "params/x", {}],
  ["params.grams", "own-params/xxx", {}],
  ["query.grams", "query?grams=x", {}],
  ["query.grams", "query", {}],
  ["headers.grams", "headers", {}],
  ["headers.grams", "headers", { headers: { grams: "x" } }],
  ["body.parcels", "body", { body: "{}" }],
  ["body.parcels.0.grams", "body", { body: '{"parcels":[{"grams":"x"}]}' }],
])("the part %s of %s is named where a value is of another kind", async (field, path, sent) => {
  const fields = (await mistakes(path, sent)).map((one) => one.field);
  expect(fields).toContain(field);
});

test("what a route let through is named as the procedure calls it", async () => {
  expect(await mistakes("unchecked")).toMatchObject([{ field: "grams" }]);
});
