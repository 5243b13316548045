import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { placements } from "../../runtime/testing/place.ts";
import { openShop, type Shop } from "./testing/shop.ts";

/** A paid order of two teas in two packed parcels, of which so many have left. */
async function packed(shop: Shop, { leaving = 0, token = "tok_ok" } = {}) {
  const { orderId, total } = await shop.checkOut(await shop.filledCart({ tea: 2 }), token);
  await shop.call(payments.capture, { orderId });
  const [whole] = await shop.call(shipping.shipmentsOf, { orderId });
  await shop.call(shipping.cancelShipment, { shipmentId: whole?.shipmentId ?? "" });
  const lines = whole?.lines.map(({ variantId }) => ({ variantId, quantity: 1 })) ?? [];
  const parcels: string[] = [];
  for (const ref of ["first", "second"]) {
    const { shipmentId } = await shop.call(shipping.createShipment, { orderId, ref, lines });
    await shop.call(shipping.packShipment, { shipmentId });
    parcels.push(shipmentId);
  }
  for (const shipmentId of parcels.slice(0, leaving)) await send(shop, shipmentId);
  await shop.placed.settle();
  return { orderId, total, parcels };
}

function send(shop: Shop, shipmentId: string) {
  const parcel = { shipmentId, carrier: "Post", trackingNumber: "T1" };
  return shop.call(shipping.shipShipment, parcel);
}

async function refund(shop: Shop, orderId: string, amount: number) {
  const refundId = `ref_${amount}`;
  const money = { amount, currency: "EUR" };
  await shop.call(orders.refundOrder, { orderId, refundId, amount: money, reason: "sold out" });
  await shop.placed.settle();
}

/** The status of an order, then the state of each of its parcels. */
async function standing(shop: Shop, { orderId, parcels }: { orderId: string; parcels: string[] }) {
  const { status } = await shop.call(orders.orderById, { orderId });
  const found = parcels.map((shipmentId) => shop.call(shipping.shipmentById, { shipmentId }));
  return [status, ...(await Promise.all(found)).map(({ state }) => state)];
}

async function expectBalance(shop: Shop) {
  expect((await shop.call(orders.reconcile, { sinceMs: 0 })).violations).toEqual([]);
}

describe.each(placements)("an order whose money was all given back, %s", (placement) => {
  test("is cancelled when nothing of it has left, with its stock", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop);
    const { orderId, total, parcels } = order;
    await refund(shop, orderId, total.amount);
    expect(await standing(shop, order)).toEqual(["cancelled", "cancelled", "cancelled"]);
    for (const shipmentId of parcels) {
      await expect(send(shop, shipmentId)).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    }
    expect(await shop.stockOf("tea")).toEqual({ onHand: 100, held: 0, committed: 0 });
    expect(shop.countOf("orders.orderCancelled")).toBe(1);
    await expectBalance(shop);
  });

  test("sends nothing more when some of it has left, and is complete with that", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop, { leaving: 1 });
    const { orderId, total, parcels } = order;
    await refund(shop, orderId, total.amount);
    expect(await standing(shop, order)).toEqual(["confirmed", "shipped", "cancelled"]);
    expect(await shop.stockOf("tea")).toEqual({ onHand: 99, held: 0, committed: 0 });
    await expectBalance(shop);
    await shop.call(shipping.deliverShipment, { shipmentId: parcels[0] ?? "" });
    await shop.placed.settle();
    expect(await standing(shop, order)).toEqual(["completed", "delivered", "cancelled"]);
    expect(shop.countOf("orders.orderCancelled")).toBe(0);
    await expectBalance(shop);
  });

  test("is complete at once when what has left of it has arrived", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop, { leaving: 1 });
    const { orderId, total, parcels } = order;
    await shop.call(shipping.deliverShipment, { shipmentId: parcels[0] ?? "" });
    await shop.placed.settle();
    await refund(shop, orderId, total.amount);
    expect(await standing(shop, order)).toEqual(["completed", "delivered", "cancelled"]);
    await expectBalance(shop);
  });

  test("is completed by its delivery when all of it has left", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop, { leaving: 2 });
    const { orderId, total, parcels } = order;
    await refund(shop, orderId, total.amount);
    expect(await standing(shop, order)).toEqual(["confirmed", "shipped", "shipped"]);
    for (const shipmentId of parcels) await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.placed.settle();
    expect(await standing(shop, order)).toEqual(["completed", "delivered", "delivered"]);
    await expectBalance(shop);
  });

  test("is stopped when the parts add up, and not before", async () => {
    await using shop = await openShop(placement, { duplicate: false });
    const order = await packed(shop);
    const { orderId, total, parcels } = order;
    await refund(shop, orderId, 500);
    expect(await standing(shop, order)).toEqual(["confirmed", "packed", "packed"]);
    await send(shop, parcels[0] ?? "");
    await shop.placed.settle();
    expect(await standing(shop, order)).toEqual(["confirmed", "shipped", "packed"]);
    await refund(shop, orderId, total.amount - 500);
    expect(await standing(shop, order)).toEqual(["confirmed", "shipped", "cancelled"]);
    await expectBalance(shop);
  });

  test("is stopped when the provider has said so, also after a crash", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop, { token: "tok_refund_pending" });
    const { orderId, total } = order;
    await refund(shop, orderId, total.amount);
    expect(await standing(shop, order)).toEqual(["confirmed", "packed", "packed"]);
    await shop.placed.restart();
    await shop.placed.advance(60_000);
    expect(await standing(shop, order)).toEqual(["cancelled", "cancelled", "cancelled"]);
    await expectBalance(shop);
  });

  test("goes on when the provider says that it was not", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop, { token: "tok_refund_fails" });
    const { orderId, total, parcels } = order;
    await refund(shop, orderId, total.amount);
    for (const shipmentId of parcels) await send(shop, shipmentId);
    await shop.placed.settle();
    expect(await standing(shop, order)).toEqual(["confirmed", "shipped", "shipped"]);
    await expectBalance(shop);
  });

  test("is cancelled once, also when a cancellation races the refund", async () => {
    await using shop = await openShop(placement);
    const order = await packed(shop);
    const { orderId, total } = order;
    await Promise.all([
      refund(shop, orderId, total.amount),
      shop.call(orders.cancelOrder, { orderId }),
    ]);
    await shop.placed.advance(60_000);
    expect(await standing(shop, order)).toEqual(["cancelled", "cancelled", "cancelled"]);
    const payment = await shop.call(payments.paymentOfOrder, { orderId });
    expect(payment).toMatchObject({ captured: total, refunded: total });
    expect(shop.countOf("orders.orderCancelled")).toBe(1);
    await expectBalance(shop);
  });
});
