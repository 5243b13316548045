import { expect, test } from "bun:test";
import { treaty } from "@elysiajs/eden";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { type Edge, Elysia, httpSchema } from "../http.ts";
import { jsonLog } from "../telemetry/json-log.ts";
import { gateway } from "./gateway.ts";

const Tea = t.Object({ name: t.String(), grams: t.Integer() });
const teas = contract("teas", {
  teaNamed: query({ input: t.Object({ name: t.String() }), output: Tea }),
});

function routes(edge: Edge) {
  return new Elysia({ name: "teas" })
    .use(edge)
    .guard({ access: "public" })
    .get("/v1/teas/:name", ({ call, params }) => call(teas.teaNamed, params), {
      params: t.Object({ name: t.String() }),
      query: httpSchema.Object({ grams: httpSchema.Optional(httpSchema.Numeric()) }),
      response: Tea,
    })
    .post("/v1/teas", ({ body }) => ({ made: body.grams }), { body: Tea });
}

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only for types that are the same. */
function sameType<A, B>(same: Equal<A, B> & boolean): void {
  expect<boolean>(same).toBe(true);
}

test("a treaty over the gateway's plugin keeps the types of inputs and outputs", async () => {
  const server = gateway({
    routes: [routes],
    invoke: async () => ({ name: "sencha", grams: 50 }),
    authenticate: async () => ({ kind: "anonymous" }),
    host: "127.0.0.1",
    port: 0,
    log: jsonLog({ level: "error", sink: () => {}, now: () => 0 }),
    environment: realEnvironment(),
    development: true,
    ready: () => true,
  });
  const api = treaty<ReturnType<typeof routes>>(server.url, { parseDate: false });
  const { data } = await api.v1.teas({ name: "sencha" }).get({ query: { grams: 1 } });
  sameType<typeof data, { name: string; grams: number } | null>(true);
  expect(data).toEqual({ name: "sencha", grams: 50 });

  const made = await api.v1.teas.post({ name: "sencha", grams: 50 });
  sameType<typeof made.data, { made: number } | null>(true);
  expect(made.data).toEqual({ made: 50 });

  // @ts-expect-error: grams is a number.
  const wrong = await api.v1.teas.post({ name: "sencha", grams: "many" });
  expect(wrong.status).toBe(422);
  // @ts-expect-error: there is no such route.
  expect((await api.v1.coffees.get()).status).toBe(404);
  await server.stop(1_000);
});
