import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type FullCart, fillCart, given } from "./testing/buyer.ts";
import { stockLittleShop } from "./testing/little-shop.ts";
import { type Authorization, employee } from "./testing/people.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

const json = { "content-type": "application/json" };
const KIBIBYTE = 1_024;
let shop: SpawnedShop;
let variantId: string;
let staff: Authorization;

beforeAll(async () => {
  shop = await spawnShop({ arguments: ["--no-demo"] });
  ({ variantId } = await stockLittleShop(shop, { units: 10 }));
  staff = await employee(shop, "staff");
}, 60_000);
afterAll(() => shop?.[Symbol.asyncDispose]());

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request, and sees to it that the answer is a problem that shows no internals. */
async function refusal(path: string, { method = "GET", headers = {}, body }: Sent = {}) {
  const init = { method, headers: { ...headers } };
  const answer = await fetch(`${shop.url}${path}`, body === undefined ? init : { ...init, body });
  const text = await answer.text();
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(text).not.toMatch(/node_modules|\.ts\b|SQLITE|SELECT |\bat \w+ \(|\/tmp\/|TypeBox|Elysia/);
  const problem = JSON.parse(text);
  expect(problem).toMatchObject({
    type: "about:blank",
    title: expect.stringMatching(/^[A-Z][\w ]+$/),
    status: answer.status,
    detail: expect.stringMatching(/^[A-Z].*\.$/),
    code: expect.stringMatching(/^[a-z0-9_]+$/),
    instance: `urn:request:${answer.headers.get("x-request-id")}`,
  });
  return { status: answer.status, code: problem.code, headers: answer.headers, problem };
}

const post = (body: string, headers: Record<string, string> = json): Sent => ({
  method: "POST",
  headers,
  body,
});

describe("an address", () => {
  test.each(["/", "/v1", "/v1/nothing", "/v1/products/a/b", "/%00", "/v1/../etc/passwd", "/dev"])(
    "that leads nowhere is 404: %s",
    async (path) => {
      expect(await refusal(path)).toMatchObject({ status: 404, code: "not_found" });
    },
  );

  test("refuses a method that it does not know and names those that it does", async () => {
    for (const [path, allow] of [
      ["/v1/products", "GET"],
      ["/v1/checkouts", "POST"],
      ["/v1/carts/cart_1", "GET"],
      ["/v1/orders/ord_1", "GET"],
      ["/v1/carts/cart_1/coupon", "PUT, DELETE"],
    ] as const) {
      const { status, code, headers } = await refusal(path, { method: "PATCH" });
      expect({ path, status, code }).toEqual({ path, status: 405, code: "method_not_allowed" });
      const named = headers.get("allow")?.split(", ") ?? [];
      for (const method of allow.split(", ")) expect(named).toContain(method);
    }
  });

  test.each([
    ["/v1/products?limit=ten", "query.limit"],
    ["/v1/products?limit=0", "query.limit"],
    ["/v1/products?limit=10&priceMax=-1", "query.priceMax"],
    ["/v1/products?priceMin=-1&priceMax=-1", "query.priceMin"],
    ["/v1/products?sort=colour", "query.sort"],
    [`/v1/products?q=${"x".repeat(201)}`, "query.q"],
    ["/v1/availability", "query.variantIds"],
    [`/v1/products/${"x".repeat(121)}`, "params.slug"],
  ])("with values that do not fit is 422 and names them: %s", async (path, field) => {
    const { status, code, problem } = await refusal(path);
    expect({ status, code }).toEqual({ status: 422, code: "invalid_request" });
    expect(JSON.stringify(problem.errors)).toContain(`"field":"${field}"`);
  });

  test.each([
    ["sort=wrong", "Expected one of relevance, price, -price, newest, name."],
    ["limit=abc", "Expected a whole number from 1 to 100."],
    ["limit=1000", "Expected a whole number from 1 to 100."],
    ["limit=1.5", "Expected a whole number from 1 to 100."],
    ["priceMin=-1", "Expected a whole number from 0 to 1000000000000."],
    ["inStock=perhaps", "Expected true or false."],
    ["category=Tea%20and%20more", "Expected a-z and 0-9, with single hyphens between."],
  ])("with a value that does not fit says what does: %s", async (query, message) => {
    const { problem } = await refusal(`/v1/products?${query}`);
    const field = `query.${query.split("=")[0]}`;
    expect(problem.errors).toEqual([{ field, message }]);
  });

  test("with options that are none is 422, however long they are", async () => {
    for (const option of ["red", `colour:${"x".repeat(200)}`]) {
      for (const query of [`option=${option}`, `option=${option}&option=size:4`]) {
        const said = await refusal(`/v1/products?${query}`);
        expect(said).toMatchObject({ status: 422, code: "option_invalid" });
      }
    }
  });

  test.each(['"', "'", "* OR 1", "NEAR(", "a AND", "-", "%_", "\u0000", "🙂", "col:x"])(
    "takes any words to search for: %j",
    async (q) => {
      const answer = await fetch(`${shop.url}/v1/products?${new URLSearchParams({ q })}`);
      expect(answer.status).toBe(200);
    },
  );
});

describe("a body", () => {
  const login = "/v1/auth/login";

  test.each(["{", "[1,", "nonsense", '{"email":}', '"\ud800', '{"__proto__":{"a":1}}'])(
    "that is not JSON, or has a key that data cannot have, is 400: %j",
    async (body) => {
      expect(await refusal(login, post(body))).toMatchObject({
        status: 400,
        code: "malformed_body",
      });
    },
  );

  test.each(["null", "[]", "1", "{}", '{"email":1,"password":"x"}'])(
    "that does not fit is 422: %s",
    async (body) => {
      expect(await refusal(login, post(body))).toMatchObject({
        status: 422,
        code: "invalid_request",
      });
    },
  );

  test("that does not fit is answered with what does, and with what is missing", async () => {
    const cart = given(await shop.client().orders.v1.carts.post());
    const sent = (method: string, value: unknown): Sent => ({
      method,
      headers: { ...json, "x-cart-token": cart.cartToken },
      body: JSON.stringify(value),
    });
    const errorsOf = async (path: string, value: unknown) =>
      (await refusal(`/v1/carts/${cart.cartId}/${path}`, sent("PUT", value))).problem.errors;
    expect(await errorsOf("contact", { email: "kim" })).toEqual([
      { field: "body.email", message: "Expected an e-mail address." },
    ]);
    expect(await errorsOf("contact", { email: `kim@${"x".repeat(320)}` })).toEqual([
      { field: "body.email", message: "Expected a text of 3 to 320 characters." },
    ]);
    const address = { name: "Kim\nLee", line1: "Street 1", postcode: "10115", country: "Germany" };
    expect(await errorsOf("addresses", { shipping: address })).toEqual([
      {
        field: "body.shipping.city",
        message: "Missing: expected one line of 1 to 120 characters.",
      },
      { field: "body.shipping.name", message: "Expected one line of 1 to 120 characters." },
      { field: "body.shipping.country", message: "Expected a country code such as DE." },
    ]);
  });

  test("is never repeated in what is said about it", async () => {
    const password = "the-secret-of-somebody".repeat(10);
    const { problem } = await refusal(login, post(JSON.stringify({ email: "x", password })));
    expect(JSON.stringify(problem)).not.toContain("the-secret-of-somebody");
  });

  test("nested very deep is refused before it is read, but brackets in texts are not", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const flat = JSON.stringify({ email: `"${"[".repeat(1_100)}`, password: "x" });
    expect(await refusal(login, post(flat))).toMatchObject({ code: "invalid_request" });
    const tooDeep = { status: 400, code: "body_too_deep" };
    expect(await refusal(login, post(deep))).toMatchObject(tooDeep);
    expect(await chunked(login, deep)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${shop.url}/v1/categories`)).status).toBe(200);
  });

  test("of more than 256 KiB is 413, announced or not", async () => {
    const body = JSON.stringify({ email: "x".repeat(256 * KIBIBYTE) });
    const tooLarge = { status: 413, code: "body_too_large" };
    expect(await refusal(login, post(body))).toMatchObject(tooLarge);
    expect(await chunked(login, body)).toMatch(/^HTTP\/1\.1 413 /);
    const fits = JSON.stringify({ email: "x".repeat(200 * KIBIBYTE) });
    expect(await refusal(login, post(fits))).toMatchObject({ status: 422 });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "text/json", ""])(
    "of another type than JSON is 415: %j",
    async (type) => {
      const sent = post('{"email":"a@example.com","password":"x"}', { "content-type": type });
      expect(await refusal(login, sent)).toMatchObject({
        status: 415,
        code: "unsupported_media_type",
      });
    },
  );
});

describe("a token", () => {
  test.each(["Bearer nonsense", "Bearer e30.e30.", "Bearer ", "Basic YTpi", "nonsense"])(
    "that is none is 401: %s",
    async (authorization) => {
      const { status, code, headers } = await refusal("/v1/me", { headers: { authorization } });
      expect({ status, code }).toEqual({ status: 401, code: "invalid_token" });
      expect(headers.get("www-authenticate")).toStartWith("Bearer");
    },
  );

  test("is refused when a single letter of it was changed, or its signature left out", async () => {
    const [head = "", claims = "", signature = ""] = staff.authorization.slice(7).split(".");
    const admin = Buffer.from(claims, "base64url").toString().replace("staff", "admin");
    const forged = Buffer.from(admin).toString("base64url");
    const none = Buffer.from('{"alg":"none"}').toString("base64url");
    const tokens = [`${head}.${forged}.${signature}`, `${none}.${forged}.`, `${head}.${claims}.`];
    for (const token of tokens) {
      const headers = { authorization: `Bearer ${token}` };
      expect(await refusal("/v1/me", { headers })).toMatchObject({ code: "invalid_token" });
    }
  });
});

describe("an idempotency key", () => {
  const filled = () => fillCart(shop.client(), { variantId });

  function checkout({ cartId, cartToken, version, total }: FullCart, key?: string): Sent {
    const keyed: Record<string, string> = key === undefined ? {} : { "idempotency-key": key };
    const order = { cartId, cartVersion: version, expectedTotal: total, paymentToken: "tok_ok" };
    return post(JSON.stringify(order), { ...json, "x-cart-token": cartToken, ...keyed });
  }

  test("is asked for where money moves", async () => {
    const cart = await filled();
    expect(await refusal("/v1/checkouts", checkout(cart))).toMatchObject({
      status: 400,
      code: "idempotency_key_required",
    });
    for (const path of ["/v1/admin/orders/o/refunds", `/v1/admin/inventory/v/adjustments`]) {
      const body = path.endsWith("refunds")
        ? { amount: { amount: 1, currency: "EUR" }, reason: "x" }
        : { delta: 1, reason: "receipt" };
      const sent = post(JSON.stringify(body), { ...json, ...staff });
      expect(await refusal(path, sent)).toMatchObject({ code: "idempotency_key_required" });
    }
  });

  test("that is empty, too long or not printable is 400", async () => {
    const cart = await filled();
    for (const key of ['""', "x".repeat(256), "two words"]) {
      expect(await refusal("/v1/checkouts", checkout(cart, key))).toMatchObject({
        status: 400,
        code: "idempotency_key_invalid",
      });
    }
  });

  test("belongs to one request: another body with it is 422", async () => {
    const cart = await filled();
    const first = checkout(cart, "once");
    const answer = await fetch(`${shop.url}/v1/checkouts`, {
      method: "POST",
      headers: { ...first.headers },
      body: first.body ?? "",
    });
    expect(answer.status).toBe(201);
    const cheaper = { ...cart, total: { ...cart.total, amount: 1 } };
    expect(await refusal("/v1/checkouts", checkout(cheaper, "once"))).toMatchObject({
      status: 422,
      code: "idempotency_mismatch",
    });
  });
});

test("nothing of all this was a defect to the shop", async () => {
  expect(await shop.stop()).toBe(0);
  expect(await shop.log()).not.toContain("defect");
});

/** Sends a body without saying how long it will be. Resolves with the beginning of the answer. */
function chunked(path: string, body: string): Promise<string> {
  const { hostname, port } = new URL(shop.url);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname);
  socket.on("error", reject);
  socket.once("data", (data) => {
    resolve(data.toString());
    socket.destroy();
  });
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    "Content-Type: application/json",
    "Transfer-Encoding: chunked",
  ];
  const size = Buffer.byteLength(body).toString(16);
  socket.write(`${head.join("\r\n")}\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`);
  return promise;
}
