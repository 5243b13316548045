import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eventually } from "../runtime/testing/eventually.ts";
import { checkOut, fillCart, given } from "./testing/buyer.ts";
import { stockLittleShop } from "./testing/little-shop.ts";
import { type Authorization, employee } from "./testing/people.ts";
import { type SpawnedShop, spawnShop } from "./testing/spawned-shop.ts";

const UNITS = 100;
const parcel = { carrier: "Post", trackingNumber: "T-1" };
let shop: SpawnedShop;
let variantId: string;
let staff: Authorization;

beforeAll(async () => {
  shop = await spawnShop({ arguments: ["--no-demo"] });
  ({ variantId } = await stockLittleShop(shop, { units: UNITS }));
  staff = await employee(shop, "staff");
}, 60_000);
afterAll(() => shop?.[Symbol.asyncDispose]());

const asStaff = (headers: Record<string, string> = {}) => shop.client({ ...staff, ...headers });

/** An order that is confirmed, with the shipment that was made of it. */
async function ordered({ token = "tok_ok", quantity = 1 } = {}) {
  const cart = await fillCart(shop.client(), { variantId, quantity });
  const answer = await checkOut(shop.url, cart, { token, key: cart.cartId });
  const { orderId, orderToken } = given(answer);
  const [shipment] = await eventually(
    async () => given(await asStaff().shipping.v1.admin.orders({ orderId }).shipments.get()),
    ({ length }) => length > 0,
  );
  return { orderId, orderToken, total: cart.total, shipmentId: shipment?.shipmentId ?? "" };
}

const orderOf = (orderId: string) => asStaff().orders.v1.orders({ orderId });
const shipmentOf = (id: string) => asStaff().shipping.v1.admin.shipments({ id });
const paymentOf = async (orderId: string) =>
  given(await asStaff().payments.v1.admin.orders({ orderId }).payment.get());

async function shelf() {
  const { levels } = given(await asStaff().inventory.v1.admin.inventory({ variantId }).get());
  const { onHand, held, committed } = levels[0] ?? {};
  return { onHand, held, committed };
}

function hasStatus(orderId: string, wanted: string) {
  return eventually(
    async () => given(await orderOf(orderId).get()),
    ({ status }) => status === wanted,
  );
}

function refund(
  orderId: string,
  { amount, key, by = staff }: { amount: number; key: string; by?: Authorization },
) {
  const sender = shop.client({ ...by, "idempotency-key": key });
  const { refunds } = sender.orders.v1.admin.orders({ orderId });
  return refunds.post({ amount: { amount, currency: "EUR" }, reason: "A scratch." });
}

describe("an order", () => {
  test("is packed, paid for when it leaves, delivered, and then complete", async () => {
    const before = await shelf();
    const { orderId, shipmentId, total } = await ordered({ quantity: 3 });
    const shipment = shipmentOf(shipmentId);
    const early = await shipment.ship.post(parcel);
    expect(early.error).toMatchObject({ status: 409, value: { code: "illegal_transition" } });
    expect(given(await shipment.pack.post())).toMatchObject({ state: "packed" });
    expect(await paymentOf(orderId)).toMatchObject({ state: "authorised" });

    const shipped = await shipment.ship.post(parcel);
    expect(shipped).toMatchObject({ status: 200, data: { state: "shipped", ...parcel } });
    expect(await paymentOf(orderId)).toMatchObject({ state: "captured", captured: total });
    expect(await shelf()).toEqual({ ...before, onHand: (before.onHand ?? 0) - 3 });

    expect(given(await shipment.deliver.post())).toMatchObject({ state: "delivered" });
    await hasStatus(orderId, "completed");
    const late = await asStaff({ "idempotency-key": `late-${orderId}` })
      .orders.v1.orders({ orderId })
      .cancel.post({});
    expect(late.error).toMatchObject({ status: 409, value: { code: "not_cancellable" } });
  });

  test("goes back in part, but never more than was paid", async () => {
    const { orderId, shipmentId, total } = await ordered();
    const early = await refund(orderId, { amount: 100, key: `early-${orderId}` });
    expect(early.error).toMatchObject({ status: 422, value: { code: "refund_too_high" } });
    given(await shipmentOf(shipmentId).pack.post());
    given(await shipmentOf(shipmentId).ship.post(parcel));

    const part = { amount: 500, key: `part-${orderId}` };
    const once = given(await refund(orderId, part));
    expect(once).toMatchObject({ state: "succeeded" });
    expect(given(await refund(orderId, part))).toEqual(once);
    const rest = total.amount - 500;
    const tooHigh = await refund(orderId, { amount: rest + 1, key: `high-${orderId}` });
    expect(tooHigh.error).toMatchObject({
      status: 422,
      value: { code: "refund_too_high", data: { refundable: { amount: rest } } },
    });
    expect(await paymentOf(orderId)).toMatchObject({ captured: total, refunded: { amount: 500 } });
    expect(given(await orderOf(orderId).get())).toMatchObject({ refunded: { amount: 500 } });
  });

  test("goes back twice when two who work there choose the same key", async () => {
    const { orderId, shipmentId } = await ordered();
    given(await shipmentOf(shipmentId).pack.post());
    given(await shipmentOf(shipmentId).ship.post(parcel));
    const part = { amount: 100, key: "refund-1" };
    const first = given(await refund(orderId, part));
    const second = given(await refund(orderId, { ...part, by: await employee(shop, "admin") }));
    expect(second.refundId).not.toBe(first.refundId);
    expect(await paymentOf(orderId)).toMatchObject({ refunded: { amount: 200 } });
  });

  test("that ten refunds at once would overdraw gives back what was paid at most", async () => {
    const { orderId, shipmentId, total } = await ordered();
    given(await shipmentOf(shipmentId).pack.post());
    given(await shipmentOf(shipmentId).ship.post(parcel));
    const third = Math.floor(total.amount / 3) + 1;
    const keys = Array.from({ length: 10 }, (_, index) => `third-${index}-${orderId}`);
    const answers = await Promise.all(keys.map((key) => refund(orderId, { amount: third, key })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(await paymentOf(orderId)).toMatchObject({ refunded: { amount: 2 * third } });
  });

  test("cancelled by its customer gives money and stock back whole", async () => {
    const before = await shelf();
    const { orderId, orderToken, shipmentId } = await ordered({ quantity: 2 });
    expect(await shelf()).toEqual({ ...before, committed: (before.committed ?? 0) + 2 });
    const key = { "idempotency-key": `cancel-${orderId}` };
    const stranger = await shop.client(key).orders.v1.orders({ orderId }).cancel.post({});
    expect(stranger.error).toMatchObject({ status: 404 });

    const mine = shop.client({ ...key, "x-order-token": orderToken }).orders.v1.orders({ orderId });
    given(await mine.cancel.post({ reason: "Changed my mind" }));
    await hasStatus(orderId, "cancelled");
    const again = await mine.cancel.post({ reason: "Changed my mind" });
    expect(given(again)).toMatchObject({ status: "cancelled" });
    expect(await shelf()).toEqual(before);
    const payment = await paymentOf(orderId);
    expect(payment).toMatchObject({ state: "voided", captured: { amount: 0 } });
    const packed = await shipmentOf(shipmentId).pack.post();
    expect(packed.error).toMatchObject({ status: 409, value: { code: "illegal_transition" } });
  });

  test("that has left is not cancelled, and its parcels are told as they stand", async () => {
    const { orderId, shipmentId } = await ordered();
    given(await shipmentOf(shipmentId).cancel.post());
    const keyed = asStaff({ "idempotency-key": `parcel-of-${orderId}` });
    const make = () => keyed.shipping.v1.admin.orders({ orderId }).shipments.post({});
    const { shipmentId: other } = given(await make());
    given(await shipmentOf(other).pack.post());
    given(await shipmentOf(other).ship.post(parcel));
    expect(given(await make())).toMatchObject({ shipmentId: other, state: "shipped" });
    const late = keyed.orders.v1.orders({ orderId });
    for (let time = 0; time < 2; time++) {
      const { error } = await late.cancel.post({});
      expect(error).toMatchObject({ status: 409, value: { code: "not_cancellable" } });
    }
  });

  test("that leaves while it is cancelled does either, whole", async () => {
    const before = await shelf();
    const { orderId, shipmentId } = await ordered();
    given(await shipmentOf(shipmentId).pack.post());
    const headers = { "idempotency-key": `race-${orderId}` };
    await Promise.all([
      shipmentOf(shipmentId).ship.post(parcel),
      asStaff(headers).orders.v1.orders({ orderId }).cancel.post({}),
    ]);
    const { status } = await eventually(
      async () => given(await orderOf(orderId).get()),
      (order) => order.status !== "cancelling",
    );
    const { state } = given(await shipmentOf(shipmentId).get());
    const payment = (await paymentOf(orderId))?.state;
    const onHand = ((await shelf()).onHand ?? 0) - (before.onHand ?? 0);
    expect([
      { status: "confirmed", state: "shipped", payment: "captured", onHand: -1 },
      { status: "cancelled", state: "cancelled", payment: "voided", onHand: 0 },
    ]).toContainEqual({ status, state, payment: payment ?? "", onHand });
  });
});

describe("a card that is good until the money is to be taken", () => {
  test("brings the parcel back from the door", async () => {
    const before = await shelf();
    const { orderId, shipmentId } = await ordered({ token: "tok_capture_fails" });
    const shipment = shipmentOf(shipmentId);
    given(await shipment.pack.post());
    const { error } = await shipment.ship.post(parcel);
    expect(error).toMatchObject({ status: 409, value: { code: "dispatch_failed" } });
    expect(given(await shipment.get())).toMatchObject({ state: "packed" });
    expect(await shelf()).toEqual({ ...before, committed: (before.committed ?? 0) + 1 });
    const key = { "idempotency-key": `give-up-${orderId}` };
    given(await asStaff(key).orders.v1.orders({ orderId }).cancel.post({}));
    await hasStatus(orderId, "cancelled");
    expect(await shelf()).toEqual(before);
  });
});

describe("staff", () => {
  test("see all orders, a payment with its ledger, and ask its provider for news", async () => {
    const { orderId } = await ordered();
    const all = given(await asStaff().orders.v1.orders.get({ query: { limit: 1 } }));
    expect(all.items).toMatchObject([{ orderId }]);
    const id = (await paymentOf(orderId))?.paymentId ?? "";
    const admin = asStaff().payments.v1.admin.payments({ id });
    const known = given(await admin.get());
    expect(known.payment).toMatchObject({ orderId, state: "authorised" });
    expect(known.operations).toMatchObject([{ kind: "authorise", state: "succeeded" }]);
    expect(given(await admin.sync.post())).toEqual(known.payment);
    const theirs = given(await shop.client().payments.v1.payments({ id }).get());
    expect(theirs).toEqual({ paymentId: id, state: "authorised", actionUrl: null });
  });

  test("adjust the stock once for each key", async () => {
    const before = await shelf();
    const headers = { "idempotency-key": "delivery-1" };
    const stock = asStaff(headers).inventory.v1.admin.inventory({ variantId });
    for (let time = 0; time < 2; time++) {
      given(await stock.adjustments.post({ delta: 5, reason: "receipt" }));
    }
    expect(await shelf()).toEqual({ ...before, onHand: (before.onHand ?? 0) + 5 });
    const less = asStaff({ "idempotency-key": "loss-1" }).inventory.v1.admin.inventory({
      variantId,
    });
    const { error } = await less.adjustments.post({ delta: -10_000, reason: "loss" });
    expect(error).toMatchObject({ status: 422, value: { code: "stock_too_low" } });
  });

  test("put a new product on sale, which can be bought when it has stock", async () => {
    const { admin } = asStaff().products.v1;
    const sheet = { slug: "black-tea", title: "Black tea", description: "", category: "tea" };
    const { productId } = given(await admin.products.post(sheet));
    const product = admin.products({ id: productId });
    const early = await product.publish.post();
    expect(early.error).toMatchObject({ value: { code: "no_variants" } });
    const variant = {
      sku: "TEA-2",
      options: {},
      price: { amount: 900, currency: "EUR" },
      weightGrams: 100,
      taxClass: "reduced",
      requiresShipping: true,
    } as const;
    const made = given(await product.variants.post(variant));
    const id = made.variants[0]?.variantId ?? "";
    given(await admin.variants({ id }).price.put({ price: { amount: 950, currency: "EUR" } }));
    given(await product.publish.post());
    const headers = { "idempotency-key": "first-tea" };
    const stock = asStaff(headers).inventory.v1.admin.inventory({ variantId: id });
    given(await stock.adjustments.post({ delta: 1, reason: "receipt" }));
    const cart = await fillCart(shop.client(), { variantId: id });
    const answer = await checkOut(shop.url, cart, { token: "tok_ok", key: "black-tea" });
    expect(answer.status).toBe(201);
  });

  test("find in the end that no saga is open or stuck, and that the books balance", async () => {
    const admin = `${shop.url}/v1/admin`;
    const sagas = await eventually(
      async () => {
        const answer = await fetch(`${admin}/sagas`, { headers: staff });
        const found: { module: string; name: string; id: string; state: string }[] = JSON.parse(
          await answer.text(),
        );
        return found;
      },
      (all) => all.every(({ state }) => /^(completed|compensated)$/.test(state)),
    );
    expect(new Set(sagas.map(({ name }) => name)).size).toBeGreaterThan(2);
    const [last] = sagas;
    const again = await fetch(`${admin}/sagas/${last?.module}/${last?.name}/${last?.id}/retry`, {
      method: "POST",
      headers: staff,
    });
    expect(await again.json()).toEqual({ retried: false });
    const books = given(await asStaff().orders.v1.admin.reconciliation.run.post({}));
    expect(books.violations).toEqual([]);
    expect(books.checkedOrders).toBeGreaterThan(7);
    const letters = await fetch(`${admin}/dead-letters`, { headers: staff });
    expect(await letters.json()).toEqual([]);
  });
});

describe("the provider's webhooks", () => {
  test("are refused without a signature that fits, and change nothing", async () => {
    const { orderId } = await ordered();
    const url = `${shop.url}/v1/webhooks/payments/simulator`;
    const object = { id: "pi_1", status: "succeeded", metadata: { orderId } };
    const body = JSON.stringify({ id: "evt_1", type: "x", created: 0, data: { object } });
    for (const signature of ["", "t=1,v1=00", "nonsense"]) {
      const headers = { "content-type": "application/json", "webhook-signature": signature };
      const answer = await fetch(url, { method: "POST", headers, body });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: "webhook_signature_invalid" });
    }
    expect(await paymentOf(orderId)).toMatchObject({ state: "authorised" });
  });
});
