import { describe, expect, test } from "bun:test";
import { payments } from "#modules/payments";
import { placements } from "../../runtime/testing/place.ts";
import { ProviderTimeout } from "./provider.ts";
import type { Simulator } from "./simulator/simulator.ts";
import { authorise, euros, stateOf, type Till, till, told } from "./testing/till.ts";

function capture({ shop }: Till, orderId: string) {
  return shop.call(payments.capture, { orderId });
}

function reverse({ shop }: Till, orderId: string) {
  return shop.call(payments.reverse, { orderId, reason: "order cancelled" });
}

function refund({ shop }: Till, orderId: string, about: { id: string; amount: number }) {
  const { id: refundId, amount } = about;
  return shop.call(payments.refund, { orderId, refundId, amount: euros(amount), reason: "late" });
}

async function taken(at: Till, token = "tok_ok"): Promise<void> {
  await authorise(at, "ord_1", token);
  await capture(at, "ord_1");
}

/** A simulator whose captures and refunds take effect, and whose answers get lost while `away`. */
function deaf(simulator: Simulator, line: { away: boolean }) {
  async function unheard<T>(answer: Promise<T>): Promise<T> {
    const said = await answer;
    if (line.away) throw new ProviderTimeout("the answer got lost");
    return said;
  }
  return {
    name: simulator.name,
    authorise: (request: Parameters<Simulator["authorise"]>[0]) => simulator.authorise(request),
    capture: (request: Parameters<Simulator["capture"]>[0]) => unheard(simulator.capture(request)),
    cancel: (request: Parameters<Simulator["cancel"]>[0]) => unheard(simulator.cancel(request)),
    refund: (request: Parameters<Simulator["refund"]>[0]) => unheard(simulator.refund(request)),
    intentOf: (by: Parameters<Simulator["intentOf"]>[0]) => unheard(simulator.intentOf(by)),
    verifyWebhook: simulator.verifyWebhook.bind(simulator),
  };
}

describe.each(placements)("capturing, %s", (placement) => {
  test("takes the money whole, once, and says so once", async () => {
    await using at = await till(placement);
    await taken(at);
    expect(await capture(at, "ord_1")).toMatchObject({ state: "captured", captured: euros(900) });
    expect(told(at)).toEqual(["paymentAuthorised", "paymentCaptured"]);
    expect(await at.shop.call(payments.audit, {})).toEqual([]);
  });

  test("a refused capture leaves the money held, and may be tried anew", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_capture_fails");
    const refused = { code: "CAPTURE_FAILED", data: { reason: "capture_declined" } };
    await expect(capture(at, "ord_1")).rejects.toMatchObject(refused);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    expect(told(at)).toEqual(["paymentAuthorised", "captureFailed"]);
    await expect(capture(at, "ord_1")).rejects.toMatchObject(refused);
  });

  test("a capture that fails later is told later", async () => {
    await using at = await till(placement);
    await taken(at, "tok_capture_fails_late");
    await at.shop.advance(10_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    expect(told(at)).toEqual(["paymentAuthorised", "paymentCaptured", "captureFailed"]);
  });

  test("an unknown capture is capturing until the provider says", async () => {
    const line = { away: false };
    await using at = await till(placement, (simulator) => deaf(simulator, line));
    await authorise(at, "ord_1", "tok_ok");
    line.away = true;
    expect(await capture(at, "ord_1")).toMatchObject({ state: "capturing" });
    await at.shop.advance(5_000);
    line.away = false;
    await at.shop.advance(30_000);
    expect(await stateOf(at, "ord_1")).toBe("captured");
    expect(told(at)).toEqual(["paymentAuthorised", "paymentCaptured"]);
  });

  test("refuses what is not held", async () => {
    await using at = await till(placement);
    await expect(capture(at, "ord_1")).rejects.toMatchObject({ code: "PAYMENT_NOT_FOUND" });
    await authorise(at, "ord_1", "tok_decline");
    const refused = { code: "CAPTURE_FAILED", data: { reason: "declined" } };
    await expect(capture(at, "ord_1")).rejects.toMatchObject(refused);
  });
});

test("there are at most a hundred refunds of a payment, and all of them are shown", async () => {
  await using at = await till("in process");
  await taken(at);
  for (let number = 0; number < 100; number++) {
    await refund(at, "ord_1", { id: `ref_${number}`, amount: 1 });
  }
  await expect(refund(at, "ord_1", { id: "more", amount: 1 })).rejects.toMatchObject({
    code: "REFUNDS_FULL",
    data: { refundsMax: 100 },
  });
  expect(await refund(at, "ord_1", { id: "ref_0", amount: 1 })).toMatchObject({
    state: "succeeded",
  });
  const { refunds } = await at.shop.call(payments.refundsOf, { orderId: "ord_1" });
  expect(refunds).toHaveLength(100);
}, 60_000);

describe.each(placements)("refunding, %s", (placement) => {
  test("gives each refund back once, and never more than is left", async () => {
    await using at = await till(placement);
    await taken(at);
    await refund(at, "ord_1", { id: "ref_1", amount: 500 });
    const again = await refund(at, "ord_1", { id: "ref_1", amount: 500 });
    expect(again).toMatchObject({ state: "succeeded", payment: { refunded: euros(500) } });

    const tooHigh = refund(at, "ord_1", { id: "ref_2", amount: 401 });
    await expect(tooHigh).rejects.toMatchObject({
      code: "REFUND_TOO_HIGH",
      data: { refundable: euros(400) },
    });
    const other = refund(at, "ord_1", { id: "ref_1", amount: 100 });
    await expect(other).rejects.toMatchObject({ code: "REFUND_MISMATCH" });
    await refund(at, "ord_1", { id: "ref_2", amount: 400 });
    expect(told(at).filter((event) => event === "refundSucceeded")).toHaveLength(2);
  });

  test("ten at once of three euros each give back nine euros and no more", async () => {
    await using at = await till(placement);
    await taken(at);
    const asked = Array.from({ length: 10 }, (_, n) =>
      refund(at, "ord_1", { id: `ref_${n}`, amount: 300 }),
    );
    const answers = await Promise.allSettled(asked);
    expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const payment = await at.shop.call(payments.paymentOfOrder, { orderId: "ord_1" });
    expect(payment).toMatchObject({ captured: euros(900), refunded: euros(900) });
    expect(await at.shop.call(payments.audit, {})).toEqual([]);
  });

  test("a pending refund counts against what is left, and is told when it is done", async () => {
    await using at = await till(placement);
    await taken(at, "tok_refund_pending");
    const asked = await refund(at, "ord_1", { id: "ref_1", amount: 800 });
    expect(asked.state).toBe("pending");
    const more = refund(at, "ord_1", { id: "ref_2", amount: 200 });
    await expect(more).rejects.toMatchObject({ data: { refundable: euros(100) } });

    await at.shop.advance(10_000);
    expect(told(at).at(-1)).toBe("refundSucceeded");
    expect(await refund(at, "ord_1", { id: "ref_1", amount: 800 })).toMatchObject({
      state: "succeeded",
      payment: { refunded: euros(800) },
    });
  });

  test("a refund that fails leaves as much to give back as before", async () => {
    await using at = await till(placement);
    await taken(at, "tok_refund_fails");
    expect(await refund(at, "ord_1", { id: "ref_1", amount: 900 })).toMatchObject({
      state: "failed",
      payment: { refunded: euros(0) },
    });
    expect(told(at).at(-1)).toBe("refundFailed");
    expect(await refund(at, "ord_1", { id: "ref_2", amount: 900 })).toBeDefined();
  });

  test("a refund whose answer got lost is not paid twice", async () => {
    const line = { away: false };
    await using at = await till(placement, (simulator) => deaf(simulator, line));
    await taken(at);
    line.away = true;
    expect((await refund(at, "ord_1", { id: "ref_1", amount: 600 })).state).toBe("pending");
    line.away = false;
    expect((await refund(at, "ord_1", { id: "ref_1", amount: 600 })).state).toBe("succeeded");
    await at.shop.advance(60_000);
    const [intent] = [await at.simulator().intentOf(await referenceOf(at))];
    expect(intent?.refunds.map(({ amount }) => amount)).toEqual([600]);
  });
});

async function referenceOf({ shop }: Till): Promise<{ reference: string }> {
  const payment = await shop.call(payments.paymentOfOrder, { orderId: "ord_1" });
  const paymentId = payment?.paymentId ?? "";
  const { entries } = await shop.call(payments.paymentById, { paymentId });
  return { reference: entries[0]?.providerRef ?? "" };
}

describe.each(placements)("reversing, %s", (placement) => {
  test("voids what is held", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_ok");
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    expect(await stateOf(at, "ord_1")).toBe("voided");
    expect(told(at)).toEqual(["paymentAuthorised", "paymentVoided"]);
  });

  test("gives back what is taken and not yet given back", async () => {
    await using at = await till(placement);
    await taken(at);
    await refund(at, "ord_1", { id: "ref_1", amount: 200 });
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    const payment = await at.shop.call(payments.paymentOfOrder, { orderId: "ord_1" });
    expect(payment).toMatchObject({ state: "captured", refunded: euros(900) });
  });

  test("of nothing succeeds, and refuses the authorisation that comes too late", async () => {
    await using at = await till(placement);
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    const late = authorise(at, "ord_1", "tok_ok");
    await expect(late).rejects.toMatchObject({ code: "PAYMENT_REVERSED" });
    expect(await stateOf(at, "ord_1")).toBe("none");
  });

  test("ends a 3-D Secure that is under way, and a capture is refused from then on", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_3ds");
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    expect(await stateOf(at, "ord_1")).toBe("voided");
    await expect(capture(at, "ord_1")).rejects.toMatchObject({ code: "CAPTURE_FAILED" });
  });

  test.each(["tok_timeout_after", "tok_timeout_before"])(
    "of an unknown authorisation on %s is not settled, and goes on until no money is held",
    async (token) => {
      await using at = await till(placement);
      at.online = false;
      await authorise(at, "ord_1", token);
      expect(await reverse(at, "ord_1")).toEqual({ settled: false });
      await at.shop.advance(10 * 60_000);
      expect(await reverse(at, "ord_1")).toEqual({ settled: true });
      expect(["voided", "declined"]).toContain(await stateOf(at, "ord_1"));
      expect(await at.shop.call(payments.audit, {})).toEqual([]);
    },
  );

  test("waits a third minute for an authorisation, as the clock may have jumped", async () => {
    await using at = await till(placement);
    at.online = false;
    await authorise(at, "ord_1", "tok_timeout_before");
    await reverse(at, "ord_1");
    await at.shop.advance(175_000);
    expect(await stateOf(at, "ord_1")).toBe("unknown");
    await at.shop.advance(10 * 60_000);
    expect(await stateOf(at, "ord_1")).toBe("declined");
  });

  test("waits for an authorisation while a clock is set forward by hours", async () => {
    await using at = await till(placement);
    at.online = false;
    await authorise(at, "ord_1", "tok_timeout_before");
    await reverse(at, "ord_1");
    await at.shop.advance(10_000);
    at.shop.setClock(10 * 60 * 60_000);
    await at.shop.advance(90_000);
    expect(await stateOf(at, "ord_1")).toBe("unknown");
    await at.shop.advance(10 * 60_000);
    expect(await stateOf(at, "ord_1")).toBe("declined");
  });

  test("overtaking a slow authorisation voids it as soon as it is known", async () => {
    await using at = await till(placement);
    at.online = false; // A webhook could be there before the reversal.
    const answer = authorise(at, "ord_1", "tok_slow");
    await at.shop.advance(100);
    expect(await reverse(at, "ord_1")).toEqual({ settled: false });
    at.online = true;
    await at.shop.advance(10_000);
    await answer;
    expect(await stateOf(at, "ord_1")).toBe("voided");
  });

  test("survives a crash, and a provider that loses its answers", async () => {
    const line = { away: false };
    await using at = await till(placement, (simulator) => deaf(simulator, line));
    await taken(at);
    line.away = true;
    expect(await reverse(at, "ord_1")).toEqual({ settled: false });
    await at.shop.advance(5_000);
    await at.shop.restart();
    line.away = false;
    await at.shop.advance(60_000);
    expect(await reverse(at, "ord_1")).toEqual({ settled: true });
    const intent = await at.simulator().intentOf(await referenceOf(at));
    expect(intent?.refunds.map(({ amount }) => amount)).toEqual([900]);
  });
});
