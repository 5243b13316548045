import { describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { type Placed, type Placement, place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "../inventory/module.ts";
import type { ProviderIntent } from "../payments/domain/intent.ts";
import paymentsModule from "../payments/module.ts";
import { paymentProvider } from "../payments/payment-provider.ts";
import { type PaymentProvider, ProviderTimeout } from "../payments/provider.ts";
import shippingModule from "./module.ts";

const modules = [paymentsModule, inventoryModule, shippingModule];
const orderId = "o-1";
const amount = { amount: 4_500, currency: "EUR" };
const parcel = { carrier: "DHL", trackingNumber: "JD014" };
const lines = [{ variantId: "tea", quantity: 2 }];

/** A provider of the world outside that does not answer a capture until it is told how it went. */
class SilentProvider implements PaymentProvider {
  readonly name = "silent";
  readonly #intents = new Map<string, ProviderIntent>();
  #verdict: "succeeded" | "failed" | undefined;

  async authorise(request: Parameters<PaymentProvider["authorise"]>[0]): Promise<ProviderIntent> {
    const { operationId, metadata } = request;
    return this.#keep({
      id: operationId,
      status: "requires_capture",
      amount: request.amount,
      currency: request.currency,
      createdAtMs: 0,
      authorised: true,
      actionUrl: null,
      declineCode: null,
      cancellation: null,
      metadata,
      captures: [],
      refunds: [],
    });
  }

  async capture(request: { operationId: string; reference: string }): Promise<ProviderIntent> {
    const { operationId, reference } = request;
    const intent = this.#intents.get(reference);
    if (intent === undefined || this.#verdict === undefined) throw new ProviderTimeout("silence");
    const reason = this.#verdict === "failed" ? "card_blocked" : null;
    const status = this.#verdict;
    const capture = { id: operationId, operationId, amount: intent.amount, status, reason };
    const isTaken = status === "succeeded";
    return this.#keep({
      ...intent,
      status: isTaken ? "succeeded" : "requires_capture",
      captures: [capture],
    });
  }

  async cancel(): Promise<ProviderIntent> {
    throw new ProviderTimeout("silence");
  }

  async refund(): Promise<ProviderIntent> {
    throw new ProviderTimeout("silence");
  }

  async intentOf(by: { reference: string } | { operationId: string }) {
    return this.#intents.get("reference" in by ? by.reference : by.operationId) ?? null;
  }

  verifyWebhook() {
    return { kind: "refused", reason: "this provider sends none" } as const;
  }

  /** From now on captures are answered so. */
  answer(verdict: "succeeded" | "failed"): void {
    this.#verdict = verdict;
  }

  #keep(intent: ProviderIntent): ProviderIntent {
    this.#intents.set(intent.id, intent);
    return intent;
  }
}

/** A shop with a paid order, its stock committed and its one shipment packed. */
async function packed(placement: Placement, token: string, provider?: PaymentProvider) {
  const ports = provider === undefined ? [] : [[paymentProvider, provider] as const];
  const shop = await place(placement, modules, { ports });
  await shop.call(inventory.stockUp, { lines: [{ variantId: "tea", quantity: 5 }] });
  const untilMs = shop.now() + 60_000;
  await shop.call(inventory.holdStock, { orderId, lines, untilMs });
  await shop.call(payments.authorise, { orderId, attempt: 1, amount, token });
  await shop.call(inventory.commitStock, { orderId });
  const { shipmentId } = await shop.call(shipping.openFulfilment, {
    orderId,
    optionId: "de-standard",
    address: { name: "A", line1: "B", city: "C", postcode: "10115", country: "DE" },
    lines,
  });
  await shop.call(shipping.packShipment, { shipmentId });
  await shop.settle();
  shop.events.length = 0;
  return { shop, shipmentId };
}

/** How a shipment stands, and how many teas are on the shelf and committed. */
async function standing(shop: Placed, shipmentId: string) {
  const { state, failure } = await shop.call(shipping.shipmentById, { shipmentId });
  const [level] = (await shop.call(inventory.stockOf, { variantId: "tea" })).levels;
  return { state, failure, onHand: level?.onHand, committed: level?.committed };
}

const eventsOf = (shop: Placed, type: string) => shop.events.filter((one) => one.type === type);

describe.each(placements)("sending a shipment off, %s", (placement) => {
  test("takes the money, then the stock, then says that it left, each once", async () => {
    const { shop, shipmentId } = await packed(placement, "tok_ok");
    await using _ = shop;
    const asked = await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    expect(asked.state).toBe("ship_requested");
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.settle();

    expect(await standing(shop, shipmentId)).toEqual({
      state: "shipped",
      failure: null,
      onHand: 3,
      committed: 0,
    });
    expect(eventsOf(shop, "shipping.shipmentShipped")).toEqual([
      {
        type: "shipping.shipmentShipped",
        payload: { orderId, shipmentId, ...parcel, lines },
      },
    ]);
    expect(shop.events.map((one) => one.type)).toEqual([
      "payments.paymentCaptured",
      "inventory.stockConsumed",
      "shipping.shipmentShipped",
    ]);
    const payment = await shop.call(payments.paymentOfOrder, { orderId });
    expect(payment).toMatchObject({ state: "captured", captured: amount });
    expect(await shop.call(inventory.audit, {})).toEqual([]);
    expect(shop.problems).toEqual([]);
  });

  test("answers who waits as soon as it has left", async () => {
    const { shop, shipmentId } = await packed(placement, "tok_ok");
    await using _ = shop;
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    const now = await shop.call(shipping.shipmentById, { shipmentId, waitMs: 3_000 });
    expect(now.state).toBe("shipped");
  });

  test("is refused to be cancelled once it was asked for, and delivered only after", async () => {
    const { shop, shipmentId } = await packed(placement, "tok_ok");
    await using _ = shop;
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    const cancel = shop.call(shipping.cancelFulfilment, { orderId, reason: "too late" });
    await expect(cancel).rejects.toMatchObject({ code: "ALREADY_SHIPPED" });
    await shop.settle();
    const late = shop.call(shipping.cancelShipment, { shipmentId });
    await expect(late).rejects.toMatchObject({ code: "ILLEGAL_TRANSITION" });
    await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.call(shipping.deliverShipment, { shipmentId });
    await shop.settle();
    expect(eventsOf(shop, "shipping.shipmentDelivered")).toEqual([
      { type: "shipping.shipmentDelivered", payload: { orderId, shipmentId, complete: true } },
    ]);
  });

  test("packs it again each time the card refuses, and takes no stock", async () => {
    const { shop, shipmentId } = await packed(placement, "tok_capture_fails");
    await using _ = shop;
    for (const failures of [1, 2]) {
      await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
      await shop.settle();
      expect(await standing(shop, shipmentId)).toEqual({
        state: "packed",
        failure: "CAPTURE_FAILED: capture_declined",
        onHand: 5,
        committed: 2,
      });
      expect(eventsOf(shop, "shipping.dispatchFailed")).toHaveLength(failures);
    }
    await shop.call(shipping.cancelFulfilment, { orderId, reason: "no money" });
    expect((await standing(shop, shipmentId)).state).toBe("cancelled");
  });

  test("is refused when the money was all given back", async () => {
    const { shop, shipmentId } = await packed(placement, "tok_ok");
    await using _ = shop;
    await shop.call(payments.capture, { orderId });
    const refund = { orderId, refundId: "ref_1", amount, reason: "sold out" };
    await shop.call(payments.refund, refund);
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.settle();
    const failure = "CAPTURE_FAILED: refunded";
    expect(await standing(shop, shipmentId)).toMatchObject({ state: "packed", failure, onHand: 5 });
  });

  test("delivers in two parcels on one capture, and is complete with the second", async () => {
    const { shop, shipmentId: whole } = await packed(placement, "tok_ok");
    await using _ = shop;
    await shop.call(shipping.cancelShipment, { shipmentId: whole });
    for (const ref of ["first", "second"]) {
      const one = [{ variantId: "tea", quantity: 1 }];
      const made = await shop.call(shipping.createShipment, { orderId, ref, lines: one });
      const { shipmentId } = made;
      await shop.call(shipping.packShipment, { shipmentId });
      await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
      await shop.settle();
      await shop.call(shipping.deliverShipment, { shipmentId });
    }
    await shop.settle();
    const delivered = eventsOf(shop, "shipping.shipmentDelivered");
    expect(delivered.map((one) => one.payload)).toMatchObject([
      { complete: false },
      { complete: true },
    ]);
    expect(eventsOf(shop, "payments.paymentCaptured")).toHaveLength(1);
    expect(await standing(shop, whole)).toMatchObject({ onHand: 3, committed: 0 });
  });
});

/** The paid order in two packed parcels, of which the first is dispatched and not answered. */
async function halfDispatched(placement: Placement) {
  const provider = new SilentProvider();
  const { shop, shipmentId: whole } = await packed(placement, "any", provider);
  await shop.call(shipping.cancelShipment, { shipmentId: whole });
  const parcels: string[] = [];
  for (const ref of ["first", "second"]) {
    const one = [{ variantId: "tea", quantity: 1 }];
    const { shipmentId } = await shop.call(shipping.createShipment, { orderId, ref, lines: one });
    await shop.call(shipping.packShipment, { shipmentId });
    parcels.push(shipmentId);
  }
  const [first = "", second = ""] = parcels;
  await shop.call(shipping.shipShipment, { shipmentId: first, ...parcel });
  await shop.settle();
  return { shop, first, second, parcels, provider };
}

/** Has the provider answer, and the shop hear of it. */
async function answered(shop: Placed, provider: SilentProvider, verdict: "succeeded" | "failed") {
  provider.answer(verdict);
  const paymentId = (await shop.call(payments.paymentOfOrder, { orderId }))?.paymentId ?? "";
  await shop.call(payments.syncPayment, { paymentId });
  await shop.settle();
}

async function statesOf(shop: Placed, parcels: readonly string[]) {
  const found = parcels.map((shipmentId) => shop.call(shipping.shipmentById, { shipmentId }));
  return (await Promise.all(found)).map(({ state }) => state);
}

describe.each(placements)("cancelling while a parcel is dispatched, %s", (placement) => {
  const asked = { orderId, reason: "changed my mind" };
  const whole = { ...asked, scope: "whole" } as const;
  const rest = { ...asked, scope: "rest" } as const;

  test.each([whole, rest])("holds the other parcels until that is decided: $scope", async (ask) => {
    const { shop, second, parcels, provider } = await halfDispatched(placement);
    await using _ = shop;
    expect(await shop.call(shipping.cancelFulfilment, ask)).toEqual({ orderId, state: "held" });
    const other = shop.call(shipping.shipShipment, { shipmentId: second, ...parcel });
    await expect(other).rejects.toMatchObject({ code: "CANCELLATION_IN_PROGRESS" });
    await answered(shop, provider, "failed");
    expect(await statesOf(shop, parcels)).toEqual(["packed", "packed"]);
    const answer = await shop.call(shipping.cancelFulfilment, ask);
    expect(answer).toEqual({ orderId, state: "cancelled" });
    expect(await statesOf(shop, parcels)).toEqual(["cancelled", "cancelled"]);
  });

  test("as a whole is refused when it leaves, and the others may leave, too", async () => {
    const { shop, second, parcels, provider } = await halfDispatched(placement);
    await using _ = shop;
    await shop.call(shipping.cancelFulfilment, whole);
    await answered(shop, provider, "succeeded");
    const late = shop.call(shipping.cancelFulfilment, whole);
    await expect(late).rejects.toMatchObject({ code: "ALREADY_SHIPPED" });
    await shop.call(shipping.shipShipment, { shipmentId: second, ...parcel });
    await shop.settle();
    expect(await statesOf(shop, parcels)).toEqual(["shipped", "shipped"]);
  });

  test("for the rest cancels that when it leaves, and what left is all of the order", async () => {
    const { shop, first, parcels, provider } = await halfDispatched(placement);
    await using _ = shop;
    await shop.call(shipping.cancelFulfilment, rest);
    await answered(shop, provider, "succeeded");
    const left = { orderId, state: "rest_cancelled", isDelivered: false } as const;
    expect(await shop.call(shipping.cancelFulfilment, rest)).toEqual(left);
    expect(await statesOf(shop, parcels)).toEqual(["shipped", "cancelled"]);
    const more = shop.call(shipping.createShipment, { orderId, ref: "third" });
    await expect(more).rejects.toMatchObject({ code: "NOTHING_LEFT_TO_SHIP" });
    await shop.call(inventory.releaseStock, { ...asked, rest: true });
    await shop.call(shipping.deliverShipment, { shipmentId: first });
    await shop.settle();
    expect(eventsOf(shop, "shipping.shipmentDelivered")).toMatchObject([
      { payload: { complete: true } },
    ]);
    expect(await standing(shop, first)).toMatchObject({ onHand: 4, committed: 0 });
    const again = await shop.call(shipping.cancelFulfilment, rest);
    expect(again).toEqual({ ...left, isDelivered: true });
    expect(await shop.call(inventory.audit, {})).toEqual([]);
    expect(await shop.call(shipping.audit, {})).toEqual([]);
  });
});

describe.each(placements)("a dispatch whose capture is not answered, %s", (placement) => {
  test("waits, and ships when the money turns out to be there, also after a crash", async () => {
    const provider = new SilentProvider();
    const { shop, shipmentId } = await packed(placement, "any", provider);
    await using _ = shop;
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.settle();
    expect(await standing(shop, shipmentId)).toMatchObject({ state: "ship_requested", onHand: 5 });

    await shop.restart();
    provider.answer("succeeded");
    await shop.advance(120_000);
    await shop.settle();
    expect(await standing(shop, shipmentId)).toMatchObject({ state: "shipped", onHand: 3 });
    expect(eventsOf(shop, "shipping.shipmentShipped")).toHaveLength(1);
  });

  test.each([
    ["succeeded", { state: "shipped", onHand: 3, committed: 0 }],
    ["failed", { state: "packed", onHand: 5, committed: 2 }],
  ] as const)("goes on at once, without a look at the clock, when it %s", async (verdict, end) => {
    const provider = new SilentProvider();
    const { shop, shipmentId } = await packed(placement, "any", provider);
    await using _ = shop;
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.settle();
    provider.answer(verdict);
    const paymentId = (await shop.call(payments.paymentOfOrder, { orderId }))?.paymentId ?? "";
    await shop.call(payments.syncPayment, { paymentId });
    await shop.settle();
    expect(await standing(shop, shipmentId)).toMatchObject(end);
  });

  test("gives up after half an hour, and the next one finds the money taken", async () => {
    const provider = new SilentProvider();
    const { shop, shipmentId } = await packed(placement, "any", provider);
    await using _ = shop;
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.advance(31 * 60_000);
    const failure = "CAPTURE_UNANSWERED";
    expect(await standing(shop, shipmentId)).toMatchObject({ state: "packed", failure, onHand: 5 });

    provider.answer("succeeded");
    await shop.advance(3_600_000);
    await shop.call(shipping.shipShipment, { shipmentId, ...parcel });
    await shop.settle();
    expect(await standing(shop, shipmentId)).toMatchObject({ state: "shipped", onHand: 3 });
    expect(eventsOf(shop, "payments.paymentCaptured")).toHaveLength(1);
  });
});
