import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { modules } from "../modules/index.ts";
import { edgePlugin } from "../runtime/gateway/edge.ts";
import { operationRoutes } from "../runtime/gateway/operations.ts";
import { type Authorization, customer } from "./testing/people.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

const price = { amount: 100, currency: "EUR" };
const variant = {
  sku: "TEA-1",
  options: {},
  price,
  weightGrams: 1,
  taxClass: "reduced",
  requiresShipping: true,
};

/** A body that fits each route of staff that takes one, so that only the sender is at fault. */
const bodies: Readonly<Record<string, unknown>> = {
  "POST /v1/admin/catalogue": { categories: [], products: [] },
  "POST /v1/admin/products": { slug: "tea", title: "Tea", description: "", category: "tea" },
  "POST /v1/admin/products/:id/variants": variant,
  "PUT /v1/admin/variants/:id/price": { price },
  "POST /v1/admin/inventory/:variantId/adjustments": { delta: 1, reason: "receipt" },
  "POST /v1/admin/orders/:orderId/refunds": { amount: price, reason: "none" },
  "POST /v1/admin/orders/:orderId/shipments": {},
  "POST /v1/admin/shipments/:id/ship": { carrier: "Post", trackingNumber: "1" },
  "POST /v1/admin/coupons": { code: "ALLFREE", kind: "percent", value: 10_000 },
  "POST /v1/admin/reconciliation/run": {},
};

let shop: SpawnedShop;
let somebody: Authorization;

beforeAll(async () => {
  shop = await spawnShop({ arguments: ["--no-demo"] });
  somebody = await customer(shop, "somebody@example.com");
}, 60_000);
afterAll(() => shop?.[Symbol.asyncDispose]());

/** The routes of all modules and of the runtime, as the gateway serves them. */
async function allRoutes(): Promise<{ method: string; path: string }[]> {
  const edge = edgePlugin({
    invoke: () => Promise.reject(new Error("Nothing is called here.")),
    deadlineMs: 1_000,
    monotonic: () => 0,
  });
  const routed = await Promise.all(modules.map(async (one) => (await one.http()).http(edge)));
  const operations = operationRoutes(modules.map((one) => one.contract))(edge);
  return [...routed, operations].flatMap(({ routes }) =>
    routes.map(({ method, path }) => ({ method, path })),
  );
}

async function ask(
  { method, path }: { method: string; path: string },
  who: Record<string, string>,
) {
  const body = bodies[`${method} ${path}`];
  const url = `${shop.url}${path.replaceAll(/:\w+/g, "1")}`;
  const headers = { "content-type": "application/json", "idempotency-key": "one", ...who };
  const asked = body === undefined ? { method, headers } : { method, headers, body: text(body) };
  const answer = await fetch(url, asked);
  const problem: unknown = await answer.json();
  return { route: `${method} ${path}`, status: answer.status, problem };
}

const text = (body: unknown) => JSON.stringify(body);

describe("every route for staff", () => {
  test("is refused to who is not signed in, and to customers", async () => {
    const routes = (await allRoutes()).filter(({ path }) => path.startsWith("/v1/admin/"));
    expect(routes.length).toBeGreaterThan(20);
    const wanted = routes.flatMap(({ method, path }) => [
      { route: `${method} ${path}`, status: 401, problem: { code: "authentication_required" } },
      { route: `${method} ${path}`, status: 403, problem: { code: "forbidden" } },
    ]);
    const found = [];
    for (const route of routes) found.push(await ask(route, {}), await ask(route, { ...somebody }));
    expect(found).toMatchObject(wanted);
  });

  test("is refused to strangers before it is said what its body should be", async () => {
    const headers = { "content-type": "application/json" };
    const asked = { method: "POST", headers, body: text({ nothing: "fits" }) };
    const answer = await fetch(`${shop.url}/v1/admin/coupons`, asked);
    expect(answer.status).toBe(401);
  });
});

describe("what is a customer's own", () => {
  test.each(["/v1/me", "/v1/orders"])("is refused to who is not signed in: %s", async (path) => {
    const answer = await ask({ method: "GET", path }, {});
    expect(answer).toMatchObject({ status: 401, problem: { code: "authentication_required" } });
  });
});

test("two guests at one address who choose the same key get carts of their own", async () => {
  const asked = () => ask({ method: "POST", path: "/v1/carts" }, {});
  const [first, second] = [await asked(), await asked()];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.problem).not.toEqual(first.problem);
});
