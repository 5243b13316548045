import { describe, expect, test } from "bun:test";
import { shipping } from "#modules/shipping";
import { type Placed, place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "../inventory/module.ts";
import paymentsModule from "../payments/module.ts";
import shippingModule from "./module.ts";

const modules = [paymentsModule, inventoryModule, shippingModule];

const lines = [
  { variantId: "tea", quantity: 2 },
  { variantId: "mug", quantity: 1 },
];
const address = {
  name: "A. Customer",
  line1: "Street 1",
  city: "Berlin",
  postcode: "10115",
  country: "DE",
};
const fulfilment = { orderId: "o-1", optionId: "de-standard", address, lines };

async function opened(shop: Placed): Promise<string> {
  return (await shop.call(shipping.openFulfilment, fulfilment)).shipmentId;
}

function quoted(shop: Placed, to: { country: string; postcode?: string }, amount = 2_000) {
  const subtotal = { amount, currency: "EUR" };
  return shop.call(shipping.quote, { postcode: "1", weightGrams: 1_500, subtotal, ...to });
}

describe.each(placements)("quoting delivery, %s", (placement) => {
  test("offers what goes to the zone of the destination, cheapest first", async () => {
    await using shop = await place(placement, modules);
    const prices = async (to: { country: string; postcode?: string }, amount?: number) =>
      (await quoted(shop, to, amount)).map((one) => [one.optionId, one.price.amount]);
    expect(await prices({ country: "DE" })).toEqual([
      ["de-pickup", 0],
      ["de-standard", 490],
      ["de-express", 1190],
    ]);
    expect(await prices({ country: "DE" }, 10_000)).toEqual([
      ["de-pickup", 0],
      ["de-standard", 0],
      ["de-express", 1190],
    ]);
    expect(await prices({ country: "FR" })).toEqual([
      ["eu-standard", 1190],
      ["eu-express", 2490],
    ]);
    expect((await prices({ country: "NZ" }))[0]).toEqual(["world-standard", 1990]);
    expect((await prices({ country: "ES", postcode: "35001" }))[0]).toEqual([
      "world-standard",
      1990,
    ]);
  });

  test("offers nothing where the shop does not deliver, or in another currency", async () => {
    await using shop = await place(placement, modules);
    expect(await quoted(shop, { country: "ZZ" })).toEqual([]);
    const parcel = { country: "DE", postcode: "10115", weightGrams: 1 };
    const subtotal = { amount: 100, currency: "USD" };
    expect(await shop.call(shipping.quote, { ...parcel, subtotal })).toEqual([]);
  });
});

describe.each(placements)("fulfilling an order, %s", (placement) => {
  test("opens with one pending shipment of everything, once", async () => {
    await using shop = await place(placement, modules);
    const shipmentId = await opened(shop);
    expect(await opened(shop)).toBe(shipmentId);
    const [shipment, ...others] = await shop.call(shipping.shipmentsOf, { orderId: "o-1" });
    expect(others).toEqual([]);
    expect(shipment).toMatchObject({ shipmentId, state: "pending", carrier: null });
    expect(new Set(shipment?.lines)).toEqual(new Set(lines));
    await shop.settle();
    expect(shop.events).toEqual([
      { type: "shipping.shipmentCreated", payload: { orderId: "o-1", shipmentId } },
    ]);
  });

  test("cannot open when it was cancelled before, and cancelling twice is once", async () => {
    await using shop = await place(placement, modules);
    const cancel = { orderId: "o-1", reason: "late" };
    await shop.call(shipping.cancelFulfilment, cancel);
    await shop.call(shipping.cancelFulfilment, cancel);
    await expect(opened(shop)).rejects.toMatchObject({ code: "FULFILMENT_CANCELLED" });
    const create = shop.call(shipping.createShipment, { orderId: "o-1", ref: "r" });
    await expect(create).rejects.toMatchObject({ code: "FULFILMENT_NOT_FOUND" });
    await shop.settle();
    expect(shop.events).toEqual([]);
  });

  test("calls back what is pending or packed, for good", async () => {
    await using shop = await place(placement, modules);
    const shipmentId = await opened(shop);
    await shop.call(shipping.packShipment, { shipmentId });
    await shop.call(shipping.cancelFulfilment, { orderId: "o-1", reason: "changed my mind" });
    const [shipment] = await shop.call(shipping.shipmentsOf, { orderId: "o-1" });
    expect(shipment?.state).toBe("cancelled");
    await expect(opened(shop)).rejects.toMatchObject({ code: "FULFILMENT_CANCELLED" });
    await shop.settle();
    expect(shop.events.map((one) => one.type)).toEqual([
      "shipping.shipmentCreated",
      "shipping.shipmentPacked",
      "shipping.shipmentCancelled",
    ]);
  });

  test("never ships more than was ordered; what is cancelled can be shipped anew", async () => {
    await using shop = await place(placement, modules);
    const first = await opened(shop);
    const create = (ref: string, quantity?: number) =>
      shop.call(shipping.createShipment, {
        orderId: "o-1",
        ref,
        ...(quantity === undefined ? {} : { lines: [{ variantId: "tea", quantity }] }),
      });
    await expect(create("a")).rejects.toMatchObject({ code: "NOTHING_LEFT_TO_SHIP" });
    await shop.call(shipping.cancelShipment, { shipmentId: first });
    await expect(create("b", 3)).rejects.toMatchObject({ code: "NOTHING_LEFT_TO_SHIP" });
    const one = await create("c", 1);
    expect(await create("c", 1)).toEqual(one);
    const rest = await create("d");
    expect(new Set(rest.lines)).toEqual(
      new Set([
        { variantId: "tea", quantity: 1 },
        { variantId: "mug", quantity: 1 },
      ]),
    );
    await expect(create("e", 1)).rejects.toMatchObject({ code: "NOTHING_LEFT_TO_SHIP" });
    expect(await shop.call(shipping.audit, {})).toEqual([]);
  });

  test("has at most a hundred shipments, cancelled ones among them", async () => {
    await using shop = await place(placement, modules, { duplicate: false });
    let shipmentId = await opened(shop);
    for (let number = 1; number < 100; number++) {
      await shop.call(shipping.cancelShipment, { shipmentId });
      const next = { orderId: "o-1", ref: `next-${number}` };
      ({ shipmentId } = await shop.call(shipping.createShipment, next));
    }
    await shop.call(shipping.cancelShipment, { shipmentId });
    const create = (ref: string) => shop.call(shipping.createShipment, { orderId: "o-1", ref });
    await expect(create("more")).rejects.toMatchObject({
      code: "SHIPMENTS_FULL",
      data: { shipmentsMax: 100 },
    });
    expect(await create("next-99")).toMatchObject({ shipmentId });
    expect(await shop.call(shipping.shipmentsOf, { orderId: "o-1" })).toHaveLength(100);
  });

  test("moves only from state to state, and repeating a move changes nothing", async () => {
    await using shop = await place(placement, modules);
    const shipmentId = await opened(shop);
    const ship = shop.call(shipping.shipShipment, {
      shipmentId,
      carrier: "DHL",
      trackingNumber: "1",
    });
    await expect(ship).rejects.toMatchObject({
      code: "ILLEGAL_TRANSITION",
      data: { from: "pending", to: "ship_requested" },
    });
    await shop.call(shipping.packShipment, { shipmentId });
    expect(await shop.call(shipping.packShipment, { shipmentId })).toMatchObject({
      state: "packed",
    });
    const deliver = shop.call(shipping.deliverShipment, { shipmentId });
    await expect(deliver).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    const unknown = shop.call(shipping.packShipment, { shipmentId: "shp_none" });
    await expect(unknown).rejects.toMatchObject({ code: "SHIPMENT_NOT_FOUND" });
    await shop.settle();
    expect(shop.events.map((one) => one.type)).toEqual([
      "shipping.shipmentCreated",
      "shipping.shipmentPacked",
    ]);
  });
});
