import { expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { gateway } from "../../runtime/gateway/gateway.ts";
import { realEnvironment } from "../../runtime/host/real-environment.ts";
import { jsonLog } from "../../runtime/telemetry/json-log.ts";
import { place } from "../../runtime/testing/place.ts";
import inventoryModule from "../inventory/module.ts";
import paymentsModule from "../payments/module.ts";
import { http } from "./http.ts";
import shippingModule from "./module.ts";

/** Shipping and its neighbours behind a gateway; the token is a name, of staff by default. */
async function served() {
  const shop = await place("in process", [paymentsModule, inventoryModule, shippingModule]);
  const { url, stop } = gateway({
    routes: [http],
    invoke: (procedure, input, { identity, key }) =>
      shop.as(identity).call(procedure, Object(input), key === undefined ? {} : { key }),
    authenticate: async (name) => ({
      kind: "user",
      userId: name,
      role: name === "customer" ? name : "staff",
    }),
    host: "127.0.0.1",
    port: 0,
    log: jsonLog({ level: "error", sink() {}, now: () => 0 }),
    environment: realEnvironment(),
    development: false,
    ready: () => true,
  });
  async function send(path: string, options: { role?: string; key?: string; body?: object } = {}) {
    const { role = "staff", key, body } = options;
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
  return { shop, send, [Symbol.asyncDispose]: end };
}

const parcel = { carrier: "DHL", trackingNumber: "JD014" };

/** A paid order with one pending shipment; the way to the shipment's routes. */
async function paid({ shop }: Awaited<ReturnType<typeof served>>, token: string) {
  const orderId = "o-1";
  const lines = [{ variantId: "tea", quantity: 1 }];
  await shop.call(inventory.stockUp, { lines: [{ variantId: "tea", quantity: 2 }] });
  await shop.call(inventory.holdStock, { orderId, lines, untilMs: shop.now() + 60_000 });
  const amount = { amount: 900, currency: "EUR" };
  await shop.call(payments.authorise, { orderId, attempt: 1, amount, token });
  await shop.call(inventory.commitStock, { orderId });
  const address = { name: "A", line1: "B", city: "C", postcode: "10115", country: "DE" };
  const order = { orderId, optionId: "de-standard", address, lines };
  const { shipmentId } = await shop.call(shipping.openFulfilment, order);
  return `/v1/admin/shipments/${shipmentId}`;
}

test("staff pack, ship and deliver, and get the shipped parcel as the answer", async () => {
  await using shop = await served();
  const path = await paid(shop, "tok_ok");
  expect(await shop.send(`${path}/pack`, { body: {} })).toMatchObject({
    body: { state: "packed" },
  });
  expect(await shop.send(`${path}/ship`, { body: parcel })).toMatchObject({
    status: 200,
    body: { state: "shipped", ...parcel },
  });
  expect(await shop.send(`${path}/deliver`, { body: {} })).toMatchObject({
    body: { state: "delivered" },
  });
  expect(await shop.send(`${path}/cancel`, { body: {} })).toMatchObject({
    status: 409,
    body: { code: "illegal_transition" },
  });
  expect(await shop.send(path)).toMatchObject({ body: { state: "delivered" } });
});

test("a dispatch that got no money is a conflict with its reason", async () => {
  await using shop = await served();
  const path = await paid(shop, "tok_capture_fails");
  await shop.send(`${path}/pack`, { body: {} });
  expect(await shop.send(`${path}/ship`, { body: parcel })).toMatchObject({
    status: 409,
    body: { code: "dispatch_failed", data: { reason: "CAPTURE_FAILED: capture_declined" } },
  });
  expect(await shop.send(path)).toMatchObject({ body: { state: "packed" } });
});

test("a shipment is made once for a key, of what is left, by staff only", async () => {
  await using shop = await served();
  const path = await paid(shop, "tok_ok");
  const shipments = "/v1/admin/orders/o-1/shipments";
  expect(await shop.send(shipments, { key: "k-1", body: {} })).toMatchObject({
    status: 422,
    body: { code: "nothing_left_to_ship" },
  });
  await shop.send(`${path}/cancel`, { body: {} });
  const made = await shop.send(shipments, { key: "k-2", body: {} });
  expect(made).toMatchObject({ status: 200, body: { state: "pending" } });
  expect(await shop.send(shipments, { key: "k-2", body: {} })).toEqual(made);
  const another = await shop.send(shipments, { role: "colleague", key: "k-2", body: {} });
  expect(another).toMatchObject({ status: 422, body: { code: "nothing_left_to_ship" } });
  expect((await shop.send(shipments, { body: {} })).status).toBe(400);
  expect((await shop.send(path, { role: "customer" })).status).toBe(403);
  expect((await shop.send("/v1/admin/shipments/shp_none")).status).toBe(404);
});
