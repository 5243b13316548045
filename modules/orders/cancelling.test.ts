import { describe, expect, test } from "bun:test";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { placements } from "../../runtime/testing/place.ts";
import { orderView } from "./domain/order-view.ts";
import ordersModule from "./module.ts";
import { cancelOrderVersion1 } from "./sagas/cancel-order.ts";
import { moveOrder, orderById } from "./store/orders.ts";
import { openShop, type Shop } from "./testing/shop.ts";

const minuteMs = 60_000;
const parcel = { carrier: "Post", trackingNumber: "T1" };

/** An order whose one parcel is being dispatched, with a provider that does not answer. */
async function dispatching(shop: Shop, token: string) {
  const { orderId } = await shop.checkOut(await shop.filledCart({ tea: 2 }), token);
  const [whole] = await shop.call(shipping.shipmentsOf, { orderId });
  const shipmentId = whole?.shipmentId ?? "";
  await shop.call(shipping.packShipment, { shipmentId });
  await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
  await shop.placed.settle();
  expect(await parcelsOf(shop, orderId)).toEqual(["ship_requested"]);
  return { orderId, shipmentId };
}

async function parcelsOf(shop: Shop, orderId: string) {
  return (await shop.call(shipping.shipmentsOf, { orderId })).map(({ state }) => state);
}

async function statusOf(shop: Shop, orderId: string) {
  return (await shop.call(orders.orderById, { orderId })).status;
}

async function expectBalance(shop: Shop) {
  expect((await shop.call(orders.reconcile, { sinceMs: 0 })).violations).toEqual([]);
}

async function expectCancelled(shop: Shop, orderId: string) {
  expect(await statusOf(shop, orderId)).toBe("cancelled");
  expect(await parcelsOf(shop, orderId)).toEqual(["cancelled"]);
  expect(await shop.stockOf("tea")).toEqual({ onHand: 100, held: 0, committed: 0 });
  expect(shop.countOf("orders.orderCancelled")).toBe(1);
  await expectBalance(shop);
}

/** Orders whose cancellations begin as those of the version before did. */
const older = {
  ...ordersModule,
  handlers: {
    ...ordersModule.handlers,
    cancelOrder: handler(orders.cancelOrder, ({ orderId }, { transaction, fail }) =>
      transaction((tx) => {
        const move = { from: "confirmed", to: "cancelling", by: "staff", atMs: tx.now } as const;
        moveOrder(tx, orderId, move);
        const input = { orderId, reason: "sold out", by: "staff" };
        tx.start(cancelOrderVersion1, tx.newId("cnl"), input);
        const order = orderById(tx, orderId);
        if (order === undefined) throw fail("ORDER_NOT_FOUND", { orderId });
        return orderView(order);
      }),
    ),
  },
};

describe.each(placements)("a cancellation of the version before, %s", (placement) => {
  test("ends by the rules that it began under", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line, orders: older });
    const { orderId: leaving } = await dispatching(shop, "tok_ok");
    await shop.call(orders.cancelOrder, { orderId: leaving });
    const { orderId: staying } = await shop.checkOut(await shop.filledCart());
    await shop.call(orders.cancelOrder, { orderId: staying });
    await shop.placed.settle();
    expect(await statusOf(shop, leaving)).toBe("confirmed");
    expect(await statusOf(shop, staying)).toBe("cancelled");
    line.isSilent = false;
    await shop.placed.advance(minuteMs);
    expect(await parcelsOf(shop, leaving)).toEqual(["shipped"]);
    await expectBalance(shop);
  });
});

describe.each(placements)("a cancellation that meets a dispatch, %s", (placement) => {
  test("waits, and goes on when the money is refused and the parcel comes back", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line });
    const { orderId } = await dispatching(shop, "tok_capture_fails");
    expect((await shop.call(orders.cancelOrder, { orderId })).status).toBe("cancelling");
    await shop.placed.advance(minuteMs);
    expect(await statusOf(shop, orderId)).toBe("cancelling");
    expect((await shop.call(orders.cancelOrder, { orderId })).status).toBe("cancelling");
    line.isSilent = false;
    await shop.placed.advance(2 * minuteMs);
    await expectCancelled(shop, orderId);
    const payment = await shop.call(payments.paymentOfOrder, { orderId });
    expect(payment).toMatchObject({ state: "voided" });
  });

  test("is over at once when the money is taken and the parcel leaves", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line });
    const { orderId, shipmentId } = await dispatching(shop, "tok_ok");
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("cancelling");
    line.isSilent = false;
    const paymentId = (await shop.call(payments.paymentOfOrder, { orderId }))?.paymentId ?? "";
    await shop.call(payments.syncPayment, { paymentId });
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("confirmed");
    await expect(shop.call(orders.cancelOrder, { orderId })).rejects.toMatchObject({
      code: "NOT_CANCELLABLE",
    });
    await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.placed.settle();
    expect(await statusOf(shop, orderId)).toBe("completed");
    await expectBalance(shop);
  });

  test("lets a parcel that is delivered before it hears of that complete its order", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line });
    const { orderId, shipmentId } = await dispatching(shop, "tok_ok");
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.settle();
    line.isSilent = false;
    const paymentId = (await shop.call(payments.paymentOfOrder, { orderId }))?.paymentId ?? "";
    await shop.call(payments.syncPayment, { paymentId });
    await shop.call(shipping.shipmentById, { shipmentId, waitMs: 3_000 });
    await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.placed.advance(minuteMs);
    expect(await statusOf(shop, orderId)).toBe("completed");
    await expectBalance(shop);
  });

  test("survives a crash while it waits", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line });
    const { orderId } = await dispatching(shop, "tok_capture_fails");
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.settle();
    await shop.placed.restart();
    await shop.placed.advance(minuteMs);
    expect(await statusOf(shop, orderId)).toBe("cancelling");
    line.isSilent = false;
    await shop.placed.advance(2 * minuteMs);
    await expectCancelled(shop, orderId);
  });

  test("goes on when the dispatch is given up, whatever became of the money", async () => {
    const line = { isSilent: true };
    await using shop = await openShop(placement, { line });
    const { orderId } = await dispatching(shop, "tok_ok");
    await shop.call(orders.cancelOrder, { orderId });
    await shop.placed.advance(31 * minuteMs);
    expect(await statusOf(shop, orderId)).toBe("cancelled");
    line.isSilent = false;
    await shop.placed.advance(30 * minuteMs);
    await expectCancelled(shop, orderId);
    const order = await shop.call(orders.orderById, { orderId });
    const payment = await shop.call(payments.paymentOfOrder, { orderId });
    expect(payment?.refunded).toEqual(payment?.captured ?? order.totals.total);
    expect(order.refunded).toEqual(payment?.refunded ?? order.totals.total);
  });
});
