import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { operationsOf } from "../../runtime/module/operations.ts";
import { placements } from "../../runtime/testing/place.ts";
import { hardOfHearing, openShop, type Shop } from "./testing/shop.ts";

/** A confirmed order, and what opens it. */
async function confirmed(shop: Shop) {
  const { orderId, orderToken, total } = await shop.checkOut(await shop.filledCart({ tea: 2 }));
  return { orderId, orderToken, total };
}

/** Sends an order's one parcel off and returns its id. */
async function ship(shop: Shop, orderId: string): Promise<string> {
  const [shipment] = await shop.call(shipping.shipmentsOf, { orderId });
  const shipmentId = shipment?.shipmentId ?? "";
  await send(shop, shipmentId);
  return shipmentId;
}

async function send(shop: Shop, shipmentId: string): Promise<void> {
  await shop.call(shipping.packShipment, { shipmentId });
  const parcel = { shipmentId, carrier: "Post", trackingNumber: "T1" };
  await shop.call(shipping.shipShipment, parcel);
  await shop.placed.settle();
}

async function statusOf(shop: Shop, orderId: string) {
  return (await shop.call(orders.orderById, { orderId })).status;
}

async function expectBalance(shop: Shop) {
  expect((await shop.call(orders.reconcile, { sinceMs: 0 })).violations).toEqual([]);
}

describe.each(placements)("an order, %s", (placement) => {
  test("that is cancelled gives stock and money back, and says so once", async () => {
    await using shop = await openShop(placement);
    const { orderId, orderToken } = await confirmed(shop);
    const anybody = shop.placed.as({ kind: "anonymous" });
    const order = await anybody.call(orders.cancelOrder, { orderId, orderToken });
    expect(order.status).toBe("cancelling");
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("cancelled");
    expect(await shop.stockOf("tea")).toMatchObject({ held: 0, committed: 0 });
    expect(await shop.call(payments.paymentOfOrder, { orderId })).toMatchObject({
      state: "voided",
    });
    const again = await anybody.call(orders.cancelOrder, { orderId, orderToken });
    expect(again.status).toBe("cancelled");
    expect(shop.countOf("orders.orderCancelled")).toBe(1);
    await expectBalance(shop);
  });

  test("cancelled before shipping has heard of it leaves its checkout nothing to do", async () => {
    const { promise: heard, resolve: hear } = Promise.withResolvers<void>();
    await using shop = await openShop(placement, { shipping: hardOfHearing(heard) });
    const offer = await shop.offer(await shop.filledCart(), "tok_ok");
    const { orderId } = await shop.call(orders.startCheckout, offer);
    await shop.placed.advance(1_000);
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.advance(1_000);
    expect(await statusOf(shop, orderId)).toBe("cancelled");
    hear();
    await shop.placed.advance(60_000);
    const by = { name: null, state: null, id: orderId, limit: 1 };
    const [checkout] = await shop.call(operationsOf("orders").cleaveSagas, by);
    expect(checkout?.state).toBe("completed");
    await expectBalance(shop);
  });

  test("tells staff's reason on, and keeps a customer's to the shop", async () => {
    await using shop = await openShop(placement);
    const reason = "Read http://evil.example now";
    const orderOfCustomer = await confirmed(shop);
    const anybody = shop.placed.as({ kind: "anonymous" });
    const { orderId, orderToken } = orderOfCustomer;
    await anybody.call(orders.cancelOrder, { orderId, orderToken, reason });
    const orderOfStaff = await confirmed(shop);
    await shop.call(orders.cancelOrder, { orderId: orderOfStaff.orderId, reason: "sold out" });
    await shop.placed.settle();
    const told = shop.placed.events.filter(({ type }) => type === "orders.orderCancelled");
    expect(told.map(({ payload }) => payload)).toMatchObject([
      { orderId, reason: "" },
      { orderId: orderOfStaff.orderId, reason: "sold out" },
    ]);
  });

  test("on its way is not cancelled, and its customer is told at once", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await confirmed(shop);
    await ship(shop, orderId);
    await expect(shop.call(orders.cancelOrder, { orderId })).rejects.toMatchObject({
      code: "NOT_CANCELLABLE",
      data: { status: "confirmed" },
    });
    expect(await statusOf(shop, orderId)).toBe("confirmed");
    expect(shop.countOf("orders.orderCancelled")).toBe(0);
  });

  test("that waits for its customer cannot be cancelled", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await shop.checkOut(await shop.filledCart(), "tok_3ds");
    await expect(shop.call(orders.cancelOrder, { orderId })).rejects.toMatchObject({
      code: "NOT_CANCELLABLE",
      data: { status: "pending" },
    });
  });

  test("that was delivered is complete, and its customer hears of the parcel", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await confirmed(shop);
    const shipmentId = await ship(shop, orderId);
    expect(shop.placed.events).toContainEqual({
      type: "orders.orderShipped",
      payload: {
        orderId,
        number: 100_001,
        email: "ann@example.com",
        shipmentId,
        carrier: "Post",
        trackingNumber: "T1",
        lines: [{ title: "tea", quantity: 2 }],
      },
    });
    await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("completed");
    expect(shop.countOf("orders.orderCompleted")).toBe(1);
    expect(shop.countOf("orders.orderShipped")).toBe(1);
  });

  test("that goes in two parcels tells of each what is in it", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await confirmed(shop);
    const [whole] = await shop.call(shipping.shipmentsOf, { orderId });
    await shop.call(shipping.cancelShipment, { shipmentId: whole?.shipmentId ?? "" });
    const parcels: string[] = [];
    for (const ref of ["first", "second"]) {
      const lines = whole?.lines.map(({ variantId }) => ({ variantId, quantity: 1 })) ?? [];
      const { shipmentId } = await shop.call(shipping.createShipment, { orderId, ref, lines });
      parcels.push(shipmentId);
      await send(shop, shipmentId);
    }
    const told = shop.placed.events.filter(({ type }) => type === "orders.orderShipped");
    expect(told.map(({ payload }) => payload)).toMatchObject(
      parcels.map((shipmentId) => ({ shipmentId, lines: [{ title: "tea", quantity: 1 }] })),
    );
    for (const shipmentId of parcels) {
      expect(await statusOf(shop, orderId)).toBe("confirmed");
      await shop.call(shipping.deliverShipment, { shipmentId });
      await shop.placed.settle();
    }
    expect(await statusOf(shop, orderId)).toBe("completed");
    await expectBalance(shop);
  });

  test("whose money cannot be captured stays confirmed and can be cancelled", async () => {
    await using shop = await openShop(placement);
    const { orderId } = await shop.checkOut(await shop.filledCart(), "tok_capture_fails");
    await ship(shop, orderId);
    const [shipment] = await shop.call(shipping.shipmentsOf, { orderId });
    expect(shipment?.state).toBe("packed");
    expect(await statusOf(shop, orderId)).toBe("confirmed");
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("cancelled");
    await expectBalance(shop);
  });

  test.each([
    ["tok_refund_pending", "succeeded", 500],
    ["tok_refund_fails", "failed", 0],
  ])("has its refund decided when the provider says so: %s", async (token, state, refunded) => {
    await using shop = await openShop(placement);
    const { orderId } = await shop.checkOut(await shop.filledCart(), token);
    await ship(shop, orderId);
    const amount = { amount: 500, currency: "EUR" };
    const refund = { orderId, refundId: "ref_1", amount, reason: "a dented tin" };
    await shop.call(orders.refundOrder, refund);
    await shop.placed.advance(60_000);
    expect(await shop.call(orders.refundById, { refundId: "ref_1" })).toMatchObject({ state });
    expect((await shop.call(orders.orderById, { orderId })).refunded.amount).toBe(refunded);
    expect(shop.countOf("orders.orderRefunded")).toBe(refunded === 0 ? 0 : 1);
    await expectBalance(shop);
  });

  test("is refunded up to what was captured, each refund once", async () => {
    await using shop = await openShop(placement);
    const { orderId, total } = await confirmed(shop);
    const refund = {
      orderId,
      refundId: "ref_1",
      amount: { amount: 500, currency: "EUR" },
      reason: "a dented tin",
    };
    await expect(shop.call(orders.refundOrder, refund)).rejects.toMatchObject({
      code: "REFUND_TOO_HIGH",
      data: { refundable: { amount: 0 } },
    });
    await ship(shop, orderId);
    await shop.call(orders.refundOrder, refund);
    await shop.placed.settle();
    const refundById = await shop.call(orders.refundById, { refundId: "ref_1" });
    expect(refundById.state).toBe("succeeded");
    expect(await shop.call(orders.refundOrder, refund)).toMatchObject({ state: "succeeded" });
    const other = { ...refund, amount: { amount: 501, currency: "EUR" } };
    await expect(shop.call(orders.refundOrder, other)).rejects.toMatchObject({
      code: "REFUND_MISMATCH",
    });
    const tooMuch = { ...refund, refundId: "ref_2", amount: total };
    await expect(shop.call(orders.refundOrder, tooMuch)).rejects.toMatchObject({
      data: { refundable: { amount: total.amount - 500 } },
    });
    const order = await shop.call(orders.orderById, { orderId });
    expect(order.refunded.amount).toBe(500);
    expect(shop.countOf("orders.orderRefunded")).toBe(1);
    await expectBalance(shop);
  });

  test("opens to its owner, its token and staff, and to nobody else (A1)", async () => {
    await using shop = await openShop(placement);
    const { orderId, orderToken } = await confirmed(shop);
    const anybody = shop.placed.as({ kind: "anonymous" });
    const staff = shop.placed.as({ kind: "user", userId: "usr_1", role: "staff" });
    const stranger = shop.placed.as({ kind: "user", userId: "usr_2", role: "customer" });
    const missing = { code: "ORDER_NOT_FOUND" };
    await anybody.call(orders.orderById, { orderId, orderToken });
    await staff.call(orders.orderById, { orderId });
    await expect(stranger.call(orders.orderById, { orderId })).rejects.toMatchObject(missing);
    await expect(anybody.call(orders.orderById, { orderId })).rejects.toMatchObject(missing);
    const unknown = { orderId: "ord_none", orderToken };
    await expect(anybody.call(orders.orderById, unknown)).rejects.toMatchObject(missing);
    await expect(anybody.call(orders.checkoutById, { checkoutId: orderId })).rejects.toMatchObject({
      code: "CHECKOUT_NOT_FOUND",
    });
  });

  test("is listed for its owner, newest first, page by page", async () => {
    await using shop = await openShop(placement);
    const ann = shop.placed.as({ kind: "user", userId: "usr_ann", role: "customer" });
    for (let placed = 0; placed < 3; placed++) {
      const cart = await shop.filledCart();
      await ann.call(orders.startCheckout, await shop.offer(cart, "tok_ok"));
    }
    await confirmed(shop);
    const first = await ann.call(orders.ordersOf, { limit: 2 });
    expect(first.items.map(({ number }) => number)).toEqual([100_003, 100_002]);
    const cursor = first.nextCursor ?? "";
    const second = await ann.call(orders.ordersOf, { limit: 2, cursor });
    expect(second.items.map(({ number }) => number)).toEqual([100_001]);
    expect(second.nextCursor).toBeNull();
    expect((await shop.call(orders.ordersOf, {})).items).toHaveLength(4);
    const anybody = shop.placed.as({ kind: "anonymous" });
    expect((await anybody.call(orders.ordersOf, {})).items).toEqual([]);
    await expect(ann.call(orders.ordersOf, { cursor: "wrong" })).rejects.toMatchObject({
      code: "CURSOR_INVALID",
    });
  });
});
