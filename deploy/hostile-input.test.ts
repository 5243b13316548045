import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { KindGuard, type TSchema } from "@sinclair/typebox";
import { modules } from "../modules/index.ts";
import { signature } from "../modules/payments/simulator/signature.ts";
import { edgePlugin } from "../runtime/gateway/edge.ts";
import { operationRoutes } from "../runtime/gateway/operations.ts";
import { type Seeded, seeded } from "../runtime/simulation/seeded.ts";
import { fillCart } from "./testing/buyer.ts";
import {
  disturbed,
  fitting,
  hostileBodies,
  hostileTexts,
  hostileValues,
  oneOf,
  placeName,
  placesIn,
} from "./testing/hostile.ts";
import { stockLittleShop } from "./testing/little-shop.ts";
import { employee } from "./testing/people.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

/** More seeds try more: `FUZZ_SEEDS=50 bun test deploy/hostile-input.test.ts`. */
const SEEDS = Number(process.env["FUZZ_SEEDS"] ?? 1);
const ROUNDS = 15;
/** Below the time that a request may take, so that what never ends is not taken for slow. */
const ANSWER_MS_MAX = 8_000;
const AT_ONCE = 4;
const WEBHOOK_SECRET = "whsec_of_hostile_input";

interface Route {
  readonly method: string;
  readonly path: string;
  readonly body: TSchema | undefined;
  readonly query: TSchema | undefined;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The routes of all modules and of the runtime, as the gateway serves them. */
async function allRoutes(): Promise<Route[]> {
  const edge = edgePlugin({
    invoke: () => Promise.reject(new Error("Nothing is called here.")),
    deadlineMs: 1_000,
    monotonic: () => 0,
  });
  const routed = await Promise.all(modules.map(async (one) => (await one.http()).http(edge)));
  const operations = operationRoutes(modules.map((one) => one.contract))(edge);
  return [...routed, operations].flatMap(({ routes }) =>
    routes.map(({ method, path, hooks }) => {
      const { body, query } = hooks;
      return {
        method,
        path,
        body: KindGuard.IsSchema(body) ? body : undefined,
        query: KindGuard.IsSchema(query) ? query : undefined,
      };
    }),
  );
}

/** A fifth of what is sent to one process is sent to several, which take longer for it. */
const topologies = [
  ["monolith", 1],
  ["split", 5],
] as const;

describe.each(topologies)("hostile input, %s", (topology, every) => {
  let shop: SpawnedShop;
  let routes: Route[];
  let known: Record<string, string>;
  let headers: Record<string, string>;

  beforeAll(async () => {
    shop = await spawnShop({
      arguments: ["--no-demo", "--topology", topology],
      environment: { PAYMENTS_WEBHOOK_SECRET: WEBHOOK_SECRET },
    });
    const { variantId } = await stockLittleShop(shop, { units: 10 });
    const { cartId, cartToken } = await fillCart(shop.client(), { variantId });
    known = { cartId, variantId, slug: "green-tea", provider: "simulator", module: "orders" };
    const staff = await employee(shop, "admin");
    headers = { ...staff, "content-type": "application/json", "x-cart-token": cartToken };
    routes = await allRoutes();
  }, 120_000);
  afterAll(() => shop?.[Symbol.asyncDispose]());

  /** The path of a route with ids that are known where there are some. */
  const knownPath = ({ path }: Route) =>
    path.replaceAll(/:(\w+)/g, (_, name: string) => known[name] ?? "1");

  /** What costs too much does so each time; a machine that is busy with other tests does not. */
  async function faultOf(sent: Sent): Promise<string | undefined> {
    const fault = await attempt(sent);
    return fault?.isLate ? (await attempt(sent))?.sentence : fault?.sentence;
  }

  async function attempt(sent: Sent) {
    const { path, ...init } = sent;
    const key = `key-${crypto.randomUUID()}`;
    const beganAtMs = performance.now();
    const answer = await fetch(`${shop.url}${path}`, {
      ...init,
      headers: { "idempotency-key": key, ...init.headers },
    });
    const text = await answer.text();
    const tookMs = performance.now() - beganAtMs;
    const isProblem = answer.headers.get("content-type") === "application/problem+json";
    const { status, ok } = answer;
    if (status < 500 && (ok || isProblem) && tookMs < ANSWER_MS_MAX) return undefined;
    const isLate = status > 500 || tookMs >= ANSWER_MS_MAX;
    const took = `${status} after ${Math.round(tookMs)} ms`;
    return { isLate, sentence: `${took}: ${shown(sent)} ${text.slice(0, 300)}` };
  }

  async function faultsOf(all: readonly Sent[]): Promise<string[]> {
    const waiting = all.filter((_, n) => n % every === 0);
    const faults: string[] = [];
    const work = async () => {
      for (let one = waiting.pop(); one !== undefined; one = waiting.pop()) {
        const fault = await faultOf(one);
        if (fault !== undefined) faults.push(fault);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return faults;
  }

  test("at each place of each body is refused or taken, and never a defect", async () => {
    const sent = routes.flatMap((route) => {
      const { method, body: schema } = route;
      const path = knownPath(route);
      if (schema === undefined) return [];
      const good = fitting(schema);
      const bodies = placesIn(good).flatMap((place) =>
        hostileValues.map((value) => disturbed(good, new Map([[placeName(place), value]]))),
      );
      return [...bodies, ...hostileBodies].map((body) => ({ method, path, headers, body }));
    });
    expect(sent.length).toBeGreaterThan(1_000);
    expect(await faultsOf(sent)).toEqual([]);
  }, 120_000);

  test("in addresses, headers and bodies at once is refused or taken", async () => {
    const sent = Array.from({ length: SEEDS }, (_, n) => n + 1).flatMap((seed) =>
      routes.flatMap((route) => {
        const source = seeded(seed).fork(`${route.method} ${route.path}`);
        return Array.from({ length: ROUNDS }, () => mixed(route, source));
      }),
    );
    expect(await faultsOf(sent)).toEqual([]);
  }, 120_000);

  function mixed(route: Route, source: Seeded): Sent {
    const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
      source.below(2) === 0 ? oneOf(source, hostileTexts) : (known[name] ?? "1"),
    );
    const names = [...Object.keys(route.query?.["properties"] ?? {}), "__proto__", "x%E0%A4%A"];
    const query = Array.from(
      { length: source.below(4) },
      () => `${oneOf(source, names)}=${oneOf(source, hostileTexts)}`,
    );
    const { method } = route;
    const about = { ...headers, ...oneOf(source, oddHeaders) };
    const sent = { method, path: `${path}?${query.join("&")}`, headers: about };
    if (method === "GET") return sent;
    if (route.body === undefined) return { ...sent, body: oneOf(source, hostileBodies) };
    const good = fitting(route.body);
    const places = placesIn(good);
    const changes = Array.from(
      { length: source.below(3) },
      () => [placeName(oneOf(source, places)), oneOf(source, hostileValues)] as const,
    );
    return { ...sent, body: disturbed(good, new Map(changes)) };
  }

  test("in a signed webhook is refused or taken", async () => {
    const path = "/v1/webhooks/payments/simulator";
    const event = { id: "evt_1", type: "x", created: 1, data: { object: intent } };
    const bodies = placesIn(event).flatMap((place) =>
      hostileValues.map((value) => disturbed(event, new Map([[placeName(place), value]]))),
    );
    const sent = [...hostileBodies, ...bodies].map((body) => {
      const signed = signature(WEBHOOK_SECRET, body, Date.now());
      const type = { "content-type": "application/json" };
      return { method: "POST", path, headers: { ...type, "webhook-signature": signed }, body };
    });
    expect(await faultsOf(sent)).toEqual([]);
  }, 120_000);

  test("leaves no defect and no stack in the log", async () => {
    expect((await fetch(`${shop.url}/v1/categories`)).status).toBe(200);
    expect(await shop.stop()).toBe(0);
    const log = (await shop.log()).split("\n");
    const telling = /defect|stack|lets through/;
    expect(log.filter((line) => telling.test(line)).map((line) => line.slice(0, 600))).toEqual([]);
  }, 60_000);
});

/** An intent as the provider sends it, of a payment that this shop does not have. */
const intent = {
  id: "pi_1",
  status: "succeeded",
  amount: 100,
  currency: "EUR",
  createdAtMs: 1,
  authorised: true,
  actionUrl: null,
  declineCode: null,
  cancellation: null,
  metadata: { paymentId: "pay_1", orderId: "ord_1", attempt: 1, operationId: "op_1" },
  captures: [{ id: "cap_1", operationId: "op_2", amount: 100, status: "succeeded", reason: null }],
  refunds: [{ id: "re_1", operationId: "op_3", amount: 1, status: "failed", reason: "x" }],
};

const oddHeaders: readonly Record<string, string>[] = [
  {},
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-16" },
  { "x-cart-token": "\u00ff".repeat(90), "x-order-token": "%E0%A4%A" },
  { "x-cart-token": "x".repeat(5_000) },
  { authorization: "Bearer __proto__" },
  { authorization: "Bearer e30.e30.e30" },
  { "idempotency-key": "\u00e9" },
  { traceparent: "00-zz", cookie: "__proto__=1; a=%E0%A4%A" },
];

function shown({ method, path, headers: sent, body }: Sent): string {
  const odd = oddHeaders.find((one) => Object.entries(one).some(([k, v]) => sent[k] === v));
  const head = `${method} ${path.slice(0, 300)} ${JSON.stringify(odd ?? {})}`;
  return `${head} ${body?.slice(0, 500) ?? ""}`;
}
