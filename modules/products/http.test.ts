import { expect, test } from "bun:test";
import { products } from "#modules/products";
import type { Identity } from "#runtime";
import { gateway } from "../../runtime/gateway/gateway.ts";
import { realEnvironment } from "../../runtime/host/real-environment.ts";
import { place } from "../../runtime/testing/place.ts";
import inventoryModule from "../inventory/module.ts";
import { http } from "./http.ts";
import productsModule from "./module.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet };

interface Sent {
  readonly body?: unknown;
  /** Empty sends none. */
  readonly bearer?: string;
}

const nobody = { bearer: "" };

/** The routes over an empty shop; the only bearer that is known is "staff". */
async function opened() {
  const shop = await place("in process", [productsModule, inventoryModule]);
  const { url, stop } = gateway({
    routes: [http],
    invoke: (procedure, input, { identity, key }) =>
      shop.as(identity).call(procedure, input as never, key === undefined ? {} : { key }),
    authenticate: async (): Promise<Identity> => ({ kind: "user", userId: "u", role: "staff" }),
    host: "127.0.0.1",
    port: 0,
    log: quiet,
    environment: realEnvironment(),
    development: true,
    ready: () => true,
  });
  const send = async (method: string, path: string, { body, bearer = "staff" }: Sent = {}) => {
    const headers = {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(bearer !== "" && { authorization: `Bearer ${bearer}` }),
    };
    const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const response = await fetch(`${url}${path}`, init);
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  async function end() {
    await stop(1_000);
    await shop[Symbol.asyncDispose]();
  }
  return { shop, send, [Symbol.asyncDispose]: end };
}

const euro = { amount: 100, currency: "EUR" };
const tea = { slug: "tea", title: "Tea", description: "Dried leaves.", category: "drinks" };
const drinks = { slug: "drinks", title: "Drinks", parent: null };

function form(sku: string, options: { [name: string]: string }) {
  const rest = { weightGrams: 50, taxClass: "reduced", requiresShipping: true } as const;
  return { sku, options, price: euro, ...rest };
}

test("staff put a product on sale, and everybody finds it", async () => {
  await using edge = await opened();
  const catalogue = { categories: [drinks], products: [] };
  expect(await edge.send("POST", "/v1/admin/catalogue", { body: catalogue })).toEqual({
    status: 200,
    body: { added: 0, variants: [] },
  });
  const created = await edge.send("POST", "/v1/admin/products", { body: tea });
  expect(created.status).toBe(201);
  const { productId } = created.body;
  const at = `/v1/admin/products/${productId}`;
  const added = await edge.send("POST", `${at}/variants`, {
    body: form("TEA-1", { weight: "50 g" }),
  });
  expect(added.status).toBe(201);
  expect(await edge.send("GET", "/v1/products/tea", nobody)).toMatchObject({
    status: 404,
    body: { code: "product_not_found" },
  });
  expect((await edge.send("POST", `${at}/publish`)).status).toBe(200);
  const seen = await edge.send("GET", "/v1/products/tea", nobody);
  expect(seen).toMatchObject({ status: 200, body: { productId, state: "published" } });
  expect(await edge.send("GET", at)).toEqual(seen);
  expect(await edge.send("GET", "/v1/categories", nobody)).toEqual({
    status: 200,
    body: [drinks],
  });

  const { variants } = seen.body;
  const price = { amount: 250, currency: "EUR" };
  const path = `/v1/admin/variants/${variants[0].variantId}/price`;
  expect(await edge.send("PUT", path, { body: { price } })).toMatchObject({
    status: 200,
    body: { variants: [{ price }] },
  });
  expect(await edge.send("POST", `${at}/archive`)).toMatchObject({ body: { state: "archived" } });
});

test("a search takes its filters from the query, and refuses what is none", async () => {
  await using edge = await opened();
  const goods = ["a", "b"].map((name) => ({
    ...tea,
    slug: `tea-${name}`,
    synonyms: [],
    variants: [
      form(`${name}-1`, { weight: "50 g", cut: name }),
      form(`${name}-2`, { weight: "1,5 kg: big", cut: "c" }),
    ],
  }));
  await edge.shop.call(products.importCatalogue, { categories: [drinks], products: goods });
  const found = async (query: string) => {
    const { body } = await edge.send("GET", `/v1/products?${query}`, nobody);
    return body.items.map(({ slug }: { slug: string }) => slug);
  };
  expect(await found("q=tea&limit=1&facets=true&sort=name")).toEqual(["tea-a"]);
  expect(await found("option=cut:b")).toEqual(["tea-b"]);
  expect(await found("option=cut:b&option=weight:50 g")).toEqual(["tea-b"]);
  expect(await found("option=cut:b&option=weight:1,5 kg: big")).toEqual([]);
  expect(await found("option=weight:1,5 kg: big")).toEqual(["tea-a", "tea-b"]);
  expect(await found("priceMin=101")).toEqual([]);
  expect(await found("inStock=true")).toEqual([]);
  expect(await found("inStock=false&priceMax=100")).toEqual(["tea-a", "tea-b"]);

  for (const query of [
    "limit=0",
    "limit=x",
    "sort=age",
    "option=nothing",
    "option=&option=a:b",
    "priceMin=-1",
  ]) {
    const refused = await edge.send("GET", `/v1/products?${query}`, nobody);
    expect([query, refused.status < 500 && refused.status >= 400]).toEqual([query, true]);
  }
  expect(await edge.send("GET", "/v1/products?cursor=x", nobody)).toMatchObject({
    body: { code: "cursor_invalid" },
  });
});

test("nobody but staff changes the catalogue", async () => {
  await using edge = await opened();
  const changes = [
    ["POST", "/v1/admin/catalogue", { categories: [drinks], products: [] }],
    ["POST", "/v1/admin/products", tea],
    ["POST", "/v1/admin/products/p/variants", form("S", {})],
    ["POST", "/v1/admin/products/p/publish", undefined],
    ["POST", "/v1/admin/products/p/archive", undefined],
    ["PUT", "/v1/admin/variants/v/price", { price: euro }],
    ["GET", "/v1/admin/products/p", undefined],
  ] as const;
  for (const [method, path, body] of changes) {
    const refused = await edge.send(method, path, { body, ...nobody });
    expect([path, refused.status]).toEqual([path, 401]);
  }
});
