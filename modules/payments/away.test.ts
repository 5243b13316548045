import { describe, expect, test } from "bun:test";
import { payments } from "#modules/payments";
import { placements } from "../../runtime/testing/place.ts";
import { type PaymentProvider, ProviderRefusal, ProviderTimeout } from "./provider.ts";
import type { Simulator } from "./simulator/simulator.ts";
import { authorise, stateOf, till, told } from "./testing/till.ts";

/** A way to the provider that can be cut, and counts what is asked over it. */
class Line {
  asked = 0;
  /** What becomes of requests: they fail before, or only their answers get lost. */
  cut: "request" | "answer" | undefined;

  through = (simulator: Simulator): PaymentProvider => ({
    name: simulator.name,
    authorise: (request) => this.#ask(() => simulator.authorise(request)),
    capture: (request) => this.#ask(() => simulator.capture(request)),
    cancel: (request) => this.#ask(() => simulator.cancel(request)),
    refund: (request) => this.#ask(() => simulator.refund(request)),
    intentOf: (by) => this.#ask(() => simulator.intentOf(by)),
    verifyWebhook: (body, signature) => simulator.verifyWebhook(body, signature),
  });

  async #ask<T>(work: () => Promise<T>): Promise<T> {
    this.asked += 1;
    if (this.cut === "request") throw new ProviderTimeout("away");
    const answer = await work();
    if (this.cut === "answer") throw new ProviderTimeout("away");
    return answer;
  }
}

const orders = [1, 2, 3, 4, 5, 6].map((number) => `ord_${number}`);

describe.each(placements)("a payment provider that is away, %s", (placement) => {
  test.each(["request", "answer"] as const)(
    "with the %s lost is left alone after the fifth time, and no payment is lost or doubled",
    async (cut) => {
      const line = new Line();
      await using at = await till(placement, line.through);
      at.online = false;
      line.cut = cut;
      for (const order of orders.slice(0, 5)) await authorise(at, order, "tok_ok");
      expect(line.asked).toBe(5);
      expect(at.shop.broken()).toEqual(["payments.provider open"]);

      expect(await authorise(at, "ord_6", "tok_ok")).toMatchObject({ state: "unknown" });
      expect(line.asked).toBe(5);

      await at.shop.advance(999);
      expect(line.asked).toBe(5);
      await at.shop.advance(1);
      expect(line.asked).toBe(6);

      line.cut = undefined;
      await at.shop.advance(60_000);
      expect(at.shop.broken()).toEqual([]);
      for (const order of orders) expect(await stateOf(at, order)).toBe("authorised");
      const news = told(at);
      expect(news.filter((one) => one === "paymentAuthorised")).toHaveLength(6);
      expect(news.filter((one) => one === "paymentUnknown")).toHaveLength(6);
      expect(await at.shop.call(payments.audit, {})).toEqual([]);
    },
  );

  test("takes what was held before, once, when it is back", async () => {
    const line = new Line();
    await using at = await till(placement, line.through);
    await authorise(at, "ord_1", "tok_ok");
    line.cut = "request";
    for (const order of orders.slice(1)) await authorise(at, order, "tok_ok");
    const asked = line.asked;
    await at.shop.call(payments.capture, { orderId: "ord_1" });
    expect(line.asked).toBe(asked);
    expect(await stateOf(at, "ord_1")).toBe("capturing");

    line.cut = undefined;
    await at.shop.advance(60_000);
    expect(await stateOf(at, "ord_1")).toBe("captured");
    expect(told(at).filter((one) => one === "paymentCaptured")).toHaveLength(1);
  });

  test("and does not say what it knows is asked on until the order is whole", async () => {
    const line = new Line();
    await using at = await till(placement, line.through);
    at.online = false;
    line.cut = "answer";
    await authorise(at, "ord_1", "tok_ok");
    await at.shop.call(payments.reverse, { orderId: "ord_1", reason: "cancelled" });
    await at.shop.advance(300_000);
    expect(await stateOf(at, "ord_1")).toBe("unknown");

    line.cut = undefined;
    await at.shop.advance(300_000);
    expect(await stateOf(at, "ord_1")).toBe("voided");
  });

  test("is not one that refuses: it is asked on", async () => {
    const line = new Line();
    await using at = await till(placement, (simulator) => ({
      ...line.through(simulator),
      authorise: () => {
        line.asked += 1;
        return Promise.reject(new ProviderRefusal("no", "no"));
      },
    }));
    for (const order of orders) {
      expect(await authorise(at, order, "tok_ok")).toMatchObject({ state: "declined" });
    }
    expect(line.asked).toBe(12);
    expect(at.shop.broken()).toEqual([]);
  });
});
