import { describe, expect, test } from "bun:test";
import { payments } from "#modules/payments";
import { placements } from "../../runtime/testing/place.ts";
import { ProviderTimeout } from "./provider.ts";
import { authorise, euros, stateOf, till, told } from "./testing/till.ts";

const DAY_MS = 24 * 60 * 60_000;

describe.each(placements)("authorising, %s", (placement) => {
  test("holds the money and says so once, however often it is asked", async () => {
    await using at = await till(placement);
    const first = await authorise(at, "ord_1", "tok_ok");
    const again = await authorise(at, "ord_1", "tok_ok");
    await at.shop.settle();

    expect(first).toMatchObject({ state: "authorised", authorised: euros(900) });
    expect(again).toEqual(first);
    expect(told(at)).toEqual(["paymentAuthorised"]);
    expect(await at.shop.call(payments.audit, {})).toEqual([]);
  });

  test("commits the operation before the provider hears of it", async () => {
    let known = 0;
    await using at = await till(placement, (simulator) => ({
      name: simulator.name,
      capture: (request) => simulator.capture(request),
      cancel: (request) => simulator.cancel(request),
      refund: (request) => simulator.refund(request),
      intentOf: (by) => simulator.intentOf(by),
      verifyWebhook: (body, signature) => simulator.verifyWebhook(body, signature),
      async authorise(request) {
        const { paymentId } = request.metadata;
        const { operations } = await at.shop.call(payments.paymentById, { paymentId });
        known += operations.filter((one) => one.operationId === request.operationId).length;
        return simulator.authorise(request);
      },
    }));
    await authorise(at, "ord_1", "tok_ok");
    expect(known).toBe(1);
  });

  test.each([
    ["tok_decline", "card_declined"],
    ["tok_nonsense", "unknown_card"],
  ])("a card %s is declined as %s, and another attempt may follow", async (token, code) => {
    await using at = await till(placement);
    const declined = await authorise(at, "ord_1", token);
    expect(declined).toMatchObject({ state: "declined", declineCode: code });

    const second = { orderId: "ord_1", attempt: 2, amount: euros(900), token: "tok_ok" };
    expect(await at.shop.call(payments.authorise, second)).toMatchObject({ state: "authorised" });
    expect(told(at)).toEqual(["paymentDeclined", "paymentAuthorised"]);
  });

  test("refuses a second attempt while the first may hold money", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_3ds");
    const second = { orderId: "ord_1", attempt: 2, amount: euros(900), token: "tok_ok" };
    await expect(at.shop.call(payments.authorise, second)).rejects.toMatchObject({
      code: "PAYMENT_IN_PROGRESS",
      data: { orderId: "ord_1", attempt: 1 },
    });
  });

  test("refuses the same attempt with another amount", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_ok");
    const other = { orderId: "ord_1", attempt: 1, amount: euros(901), token: "tok_ok" };
    await expect(at.shop.call(payments.authorise, other)).rejects.toMatchObject({
      code: "PAYMENT_MISMATCH",
    });
  });

  test.each([
    ["ok", "authorised", "paymentAuthorised"],
    ["fail", "declined", "paymentDeclined"],
  ] as const)("3-D Secure that ends %s is learnt by webhook: %s", async (result, state, event) => {
    await using at = await till(placement);
    const asked = await authorise(at, "ord_1", "tok_3ds");
    expect(asked.state).toBe("action_required");
    const reference = decodeURIComponent(asked.actionUrl?.split("/").at(-1) ?? "");

    await at.shop.call(payments.completeChallenge, { reference, result });
    expect(await stateOf(at, "ord_1")).toBe("action_required");
    await at.shop.advance(5_000);

    expect(await stateOf(at, "ord_1")).toBe(state);
    expect(told(at)).toEqual(["paymentActionRequired", event]);
    const challenge = { orderId: "ord_1", amount: euros(900), open: false };
    expect(await at.shop.call(payments.challengeOf, { reference })).toEqual(challenge);
  });

  test("a slow answer and its webhook, whichever comes first, hold the money once", async () => {
    await using at = await till(placement);
    const answer = authorise(at, "ord_1", "tok_slow");
    await at.shop.advance(5_000);
    expect(await answer).toMatchObject({ state: "authorised" });
    expect(told(at)).toEqual(["paymentAuthorised"]);
  });

  test("a request that got lost is unknown, sent again, and then known", async () => {
    await using at = await till(placement);
    expect(await authorise(at, "ord_1", "tok_timeout_before")).toMatchObject({ state: "unknown" });
    await at.shop.advance(10_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    expect(told(at)).toEqual(["paymentUnknown", "paymentAuthorised"]);
  });

  test("an answer that got lost is unknown until the provider tells", async () => {
    await using at = await till(placement);
    at.online = false;
    expect(await authorise(at, "ord_1", "tok_timeout_after")).toMatchObject({ state: "unknown" });
    await at.shop.advance(10_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");

    at.online = true;
    await at.shop.advance(60_000);
    expect(told(at)).toEqual(["paymentUnknown", "paymentAuthorised"]);
  });

  test("asks with growing pauses, never taking silence for a no", async () => {
    const asked: number[] = [];
    let away = true;
    await using at = await till(placement, (simulator) => {
      const gone = () => Promise.reject(new ProviderTimeout("away"));
      return {
        name: simulator.name,
        verifyWebhook: (body, signature) => simulator.verifyWebhook(body, signature),
        authorise: (request) => (away ? gone() : simulator.authorise(request)),
        capture: gone,
        cancel: gone,
        refund: gone,
        intentOf(by) {
          asked.push(at.shop.now());
          return away ? gone() : simulator.intentOf(by);
        },
      };
    });
    await authorise(at, "ord_1", "tok_ok");
    await at.shop.advance(30_000);
    const pauses = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0));
    expect(pauses).toEqual([2_000, 4_000, 8_000]);
    expect(await stateOf(at, "ord_1")).toBe("unknown");

    away = false;
    await at.shop.advance(20_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
  });

  test("the card token is forgotten when the outcome is known", async () => {
    await using at = await till(placement);
    const { paymentId } = await authorise(at, "ord_1", "tok_ok");
    const found = await at.shop.call(payments.paymentById, { paymentId });
    expect(found.operations).toMatchObject([{ kind: "authorise", state: "succeeded" }]);
    expect(JSON.stringify(found)).not.toContain("tok_ok");
  });

  test("an authorisation that nobody captures ends after seven days", async () => {
    await using at = await till(placement);
    await authorise(at, "ord_1", "tok_ok");
    await at.shop.advance(7 * DAY_MS - 1_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    await at.shop.advance(60_000);
    expect(await stateOf(at, "ord_1")).toBe("expired");
    expect(told(at)).toEqual(["paymentAuthorised", "authorisationExpired"]);
  });

  test("a crash between intention and answer is found and finished after the restart", async () => {
    await using at = await till(placement);
    const answer = authorise(at, "ord_1", "tok_slow");
    answer.catch(() => {});
    await at.shop.advance(1);
    await at.shop.restart();
    await at.shop.advance(60_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    expect(await at.shop.call(payments.audit, {})).toEqual([]);
  });
});
