import { expect, test } from "bun:test";
import { gateway } from "../../runtime/gateway/gateway.ts";
import { realEnvironment } from "../../runtime/host/real-environment.ts";
import { jsonLog } from "../../runtime/telemetry/json-log.ts";
import { place } from "../../runtime/testing/place.ts";
import { http } from "./http.ts";
import inventoryModule from "./module.ts";

/** Inventory behind a gateway; the access token is the role, or the name of one of staff. */
async function served() {
  const shop = await place("in process", [inventoryModule]);
  const { url, stop } = gateway({
    routes: [http],
    invoke: (procedure, input, { identity, key }) =>
      shop.as(identity).call(procedure, Object(input), key === undefined ? {} : { key }),
    authenticate: async (name) => ({
      kind: "user",
      userId: name,
      role: name.startsWith("staff") ? "staff" : "customer",
    }),
    host: "127.0.0.1",
    port: 0,
    log: jsonLog({ level: "error", sink() {}, now: () => 0 }),
    environment: realEnvironment(),
    development: false,
    ready: () => true,
  });
  async function send(path: string, options: { role?: string; key?: string; body?: object } = {}) {
    const { role = "customer", key, body } = options;
    const response = await fetch(`${url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        authorization: `Bearer ${role}`,
        "content-type": "application/json",
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }
  const end = async () => {
    await stop(1_000);
    await shop[Symbol.asyncDispose]();
  };
  return { send, [Symbol.asyncDispose]: end };
}

const adjustments = "/v1/admin/inventory/tea/adjustments";
const receipt = { delta: 3, reason: "receipt" };

test("staff adjust a shelf once for a key, and everybody sees coarsely what there is", async () => {
  await using shop = await served();
  for (const _ of [1, 2]) {
    const adjusted = await shop.send(adjustments, { role: "staff", key: "k-1", body: receipt });
    expect(adjusted).toMatchObject({ status: 200, body: { onHand: 3, available: 3 } });
  }
  expect(await shop.send("/v1/availability?variantIds=tea,mug")).toEqual({
    status: 200,
    body: [
      { variantId: "tea", state: "low", orderableMax: 3 },
      { variantId: "mug", state: "out", orderableMax: 0 },
    ],
  });
  const detail = await shop.send("/v1/admin/inventory/tea", { role: "staff" });
  expect(detail).toMatchObject({ status: 200, body: { ledger: [{ delta: 3 }] } });
});

test("two of staff who use the same key adjust a shelf twice", async () => {
  await using shop = await served();
  for (const role of ["staff-1", "staff-2"]) {
    expect(await shop.send(adjustments, { role, key: "k-1", body: receipt })).toMatchObject({
      status: 200,
    });
  }
  const detail = await shop.send("/v1/admin/inventory/tea", { role: "staff-1" });
  expect(detail.body).toMatchObject({ ledger: [{ delta: 3 }, { delta: 3 }] });
});

test("nobody else sees or changes the shelves, and no change goes without a key", async () => {
  await using shop = await served();
  expect((await shop.send("/v1/admin/inventory/tea")).status).toBe(403);
  expect((await shop.send(adjustments, { key: "k", body: receipt })).status).toBe(403);
  expect((await shop.send(adjustments, { role: "staff", body: receipt })).status).toBe(400);
});

test("more than 50 variants at once, or none, are refused", async () => {
  await using shop = await served();
  const ask = async (count: number) => {
    const ids = Array.from({ length: count }, (_, index) => `v${index}`);
    return (await shop.send(`/v1/availability?variantIds=${ids.join(",")}`)).status;
  };
  expect(await ask(50)).toBe(200);
  expect([400, 422]).toContain(await ask(51));
  expect([400, 422]).toContain(await ask(0));
});

test("a shelf with too few is a problem that says how many there are", async () => {
  await using shop = await served();
  const body = { delta: -1, reason: "loss" };
  expect(await shop.send(adjustments, { role: "staff", key: "k", body })).toMatchObject({
    status: 422,
    body: { code: "stock_too_low", data: { onHand: 0, promised: 0 } },
  });
});
