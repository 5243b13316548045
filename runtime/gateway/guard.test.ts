import { describe, expect, test } from "bun:test";
import { t } from "../contract/schema.ts";
import { type Edge, Elysia } from "../http.ts";
import { gatewayOf } from "../testing/gateway-of.ts";
import { type Routes, routesOf } from "./gateway.ts";
import { answerHeaders } from "./headers.ts";

function opened(...routes: Routes[]) {
  const served = gatewayOf(routes, {
    authenticate: async (role) => {
      if (role === "staff" || role === "customer") return { kind: "user", userId: "usr_1", role };
      throw Object.assign(new Error(), { name: "InvalidToken" });
    },
    development: true,
  });
  const ask = async (path: string, { as, ...init }: RequestInit & { as?: string } = {}) => {
    const headers = { ...(as !== undefined && { authorization: `Bearer ${as}` }) };
    return await fetch(`${served.url}${path}`, { headers, ...init });
  };
  return { ask, [Symbol.asyncDispose]: () => served.stop(1_000) };
}

const staff = ["staff", "admin"] as const;
const plain = () => new Elysia().get("/v1/admin/plain", () => "plain");
/** Routes that state their rule in every way there is, before and after the gateway's plug-in. */
const routes = (edge: Edge) =>
  new Elysia({ name: "teas" })
    .use(edge)
    .get("/v1/admin/own", () => "own", { access: staff })
    .get("/v1/admin/value", "a value", { access: staff })
    .post("/v1/admin/own", () => "posted", { access: staff })
    .all("/v1/admin/any", () => "any", { access: staff })
    .get("/v1/public", () => "public", { access: "public" })
    .get(
      "/v1/reset",
      ({ set }) => {
        set.headers = {};
        return "reset";
      },
      { access: "public" },
    )
    .get("/v1/response", () => new Response("a response"), { access: "public" })
    .guard({ access: staff }, (app) =>
      app.use(plain()).mount("/v1/admin/mounted", () => new Response("mounted")),
    );

describe("the gateway guards", () => {
  test.each([
    ["GET", "/v1/admin/own"],
    ["POST", "/v1/admin/own"],
    ["GET", "/v1/admin/value"],
    ["GET", "/v1/admin/plain"],
    ["GET", "/v1/admin/mounted"],
    ["GET", "/v1/admin/mounted/below"],
    ["PATCH", "/v1/admin/any"],
  ])("%s %s, which answers staff and nobody else", async (method, path) => {
    await using served = opened(routes);
    expect((await served.ask(path, { method })).status).toBe(401);
    expect((await served.ask(path, { method, as: "customer" })).status).toBe(403);
    expect((await served.ask(path, { method, as: "staff" })).status).toBe(200);
  });

  test.each(["/v1/public", "/v1/reset", "/v1/response", "/v1/admin/plain", "/nowhere"])(
    "the answer at %s with all security headers",
    async (path) => {
      await using served = opened(routes);
      const { headers } = await served.ask(path, { as: "staff" });
      for (const name of Object.keys(answerHeaders(""))) {
        expect([name, headers.get(name)]).not.toEqual([name, null]);
      }
    },
  );

  test("a stranger's body is not looked at", async () => {
    await using served = opened(routes);
    const json = { "content-type": "application/json" };
    const answer = await served.ask("/v1/admin/own", { method: "POST", headers: json, body: "{}" });
    expect(answer.status).toBe(401);
  });
});

const before = (edge: Edge) =>
  new Elysia().get("/v1/admin/early", () => "early").use(edge) as unknown as ReturnType<Routes>;
const without = () => new Elysia().get("/v1/admin/bare", () => "bare");
const silentRule = (edge: Edge) => new Elysia().use(edge).put("/v1/silent", () => "silent");
const openToAll = (edge: Edge) =>
  new Elysia().use(edge).get("/v1/admin/open", () => "open", { access: "public" });
const forCustomers = (edge: Edge) =>
  new Elysia().use(edge).get("/v1/admin/theirs", () => "x", { access: ["customer", "staff"] });
const inFront = () => new Elysia().onRequest(() => new Response("before the guard"));
const forAll = (edge: Edge) =>
  new Elysia()
    .use(edge)
    .onBeforeHandle({ as: "global" }, () => "for all")
    .get("/v1/own", () => "own", { access: "public" });
const raised = (edge: Edge) =>
  new Elysia()
    .use(new Elysia().derive(() => ({ identity: "anybody" })).as("global"))
    .use(edge)
    .get("/v1/own", () => "own", { access: "public" });
const rule = (edge: Edge) => new Elysia().use(edge).guard({ as: "global", access: staff });
const shaped = () => new Elysia().guard({ as: "global", body: t.Object({ tea: t.String() }) });
const forOthers = (part: string) =>
  new RegExp(`^The module teas declares for all that follows \\(${part}\\), which would also run`);
const late = () => new Elysia().use(Promise.resolve(new Elysia().get("/v1/late", () => "late")));

describe("a start is refused", () => {
  test.each<[string, Routes, RegExp]>([
    [
      "declared before .use(edge)",
      before,
      /^The route GET \/v1\/admin\/early of the module teas does not state who may use it/,
    ],
    [
      "declared without the plug-in",
      without,
      /^The route GET \/v1\/admin\/bare of the module teas does not state/,
    ],
    ["without a rule", silentRule, /^The route PUT \/v1\/silent of the module teas does not state/],
    [
      "of administrators that is public",
      openToAll,
      /^The route GET \/v1\/admin\/open of the module teas is below \/v1\/admin but not for staff/,
    ],
    [
      "of administrators for customers",
      forCustomers,
      /is below \/v1\/admin but not for staff alone\./,
    ],
    [
      "behind a hook that runs before the guard",
      inFront,
      /^The module teas uses onRequest or wrap, which run before/,
    ],
    ["of a module with a global hook", forAll, forOthers("beforeHandle")],
    ["of a module with a plug-in that is made global", raised, forOthers("transform")],
    ["of a module with a global rule", rule, forOthers("transform")],
    ["of a module with a global schema", shaped, forOthers("schema")],
    [
      "of a plug-in that comes late",
      late,
      /^The module teas uses a plug-in that is still a promise/,
    ],
  ])("over a route %s", (_what, routes, sentence) => {
    expect(() => opened(routesOf("teas", routes))).toThrow(sentence);
  });

  test("with all mistakes at once", () => {
    expect(() => opened(routesOf("teas", without), routesOf("coffees", silentRule))).toThrow(
      /\/v1\/admin\/bare of the module teas .*\n.*\/v1\/silent of the module coffees/,
    );
  });
});

describe("two modules", () => {
  const at = (module: string, method: string, path: string): Routes =>
    routesOf(module, (edge) =>
      new Elysia().use(edge).route(method, path, () => module, { access: "public" }),
    );

  test.each([
    ["GET", "/v1/teas", "GET", "/v1/teas"],
    ["GET", "/v1/teas", "GET", "/v1/teas/"],
    ["GET", "/v1/teas/:id", "GET", "/v1/teas/:id"],
    ["GET", "/v1/teas/:id", "GET", "/v1/teas/:name"],
    ["GET", "/v1/teas", "ALL", "/v1/teas"],
    ["GET", "/v1/teas", "HEAD", "/v1/teas"],
  ])("with %s %s and %s %s are refused by a sentence", (method, path, theirMethod, theirPath) => {
    const routes = [at("teas", method, path), at("coffees", theirMethod, theirPath)];
    expect(() => opened(...routes)).toThrow(
      `The routes ${method} ${path} of the module teas and ${theirMethod} ${theirPath} of the ` +
        "module coffees are the same. Change the path of one of them.",
    );
  });

  test("and the gateway do not share a route either", () => {
    expect(() => opened(at("teas", "GET", "/healthz"))).toThrow(
      "GET /healthz of the module gateway and GET /healthz of the module teas are the same.",
    );
  });

  test("that name one parameter differently are refused with both names", () => {
    const routes = [
      at("teas", "GET", "/v1/teas/:id/leaves"),
      at("coffees", "GET", "/v1/teas/:name/beans"),
    ];
    expect(() => opened(...routes)).toThrow(
      "The routes GET /v1/teas/:id/leaves of the module teas and GET /v1/teas/:name/beans of the " +
        "module coffees give one parameter two names, :id and :name. Use one name in both.",
    );
  });

  test("may have routes that only look alike", async () => {
    await using served = opened(
      at("teas", "GET", "/v1/teas/:id"),
      at("coffees", "POST", "/v1/teas/:name"),
      at("milks", "GET", "/v1/teas/green"),
      at("sugars", "GET", "/v1/:kind/x/y"),
    );
    expect(await (await served.ask("/v1/teas/1")).text()).toBe("teas");
    expect(await (await served.ask("/v1/teas/1", { method: "POST" })).text()).toBe("coffees");
    expect(await (await served.ask("/v1/teas/green")).text()).toBe("milks");
  });
});
