import { describe, expect, test } from "bun:test";
import { payments } from "#modules/payments";
import { placements } from "../../runtime/testing/place.ts";
import { signature } from "./simulator/signature.ts";
import { authorise, stateOf, type Till, till, told } from "./testing/till.ts";

const SECRET = "whsec_of_the_tests";

function receive({ shop }: Till, body: string, signed = signature(SECRET, body, shop.now())) {
  return shop.call(payments.receiveWebhook, { provider: "simulator", body, signature: signed });
}

/** A webhook of a decided 3-D Secure that has not reached the shop. */
async function undelivered(at: Till): Promise<string> {
  at.online = false;
  const { actionUrl } = await authorise(at, "ord_1", "tok_3ds");
  const reference = decodeURIComponent(actionUrl?.split("/").at(-1) ?? "");
  await at.shop.call(payments.completeChallenge, { reference, result: "ok" });
  await at.shop.advance(500);
  return at.sent[0]?.body ?? "";
}

describe.each(placements)("webhooks, %s", (placement) => {
  test("are taken in once, however often they come", async () => {
    await using at = await till(placement);
    const body = await undelivered(at);
    await Promise.all([receive(at, body), receive(at, body), receive(at, body)]);
    expect(await receive(at, body)).toEqual({ stored: true });
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    expect(told(at)).toEqual(["paymentActionRequired", "paymentAuthorised"]);
  });

  test("are sent again until the shop answers with success", async () => {
    await using at = await till(placement);
    await undelivered(at);
    await at.shop.advance(20_000);
    expect(at.sent.length).toBeGreaterThan(3);
    expect(await stateOf(at, "ord_1")).toBe("action_required");
    at.online = true;
    await at.shop.advance(30_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
    const sent = at.sent.length;
    await at.shop.advance(600_000);
    expect(at.sent.length).toBe(sent);
  });

  test("that are owed outlive a crash of the shop", async () => {
    await using at = await till(placement);
    await undelivered(at);
    at.online = true;
    await at.shop.restart();
    await at.shop.advance(5_000);
    expect(await stateOf(at, "ord_1")).toBe("authorised");
  });

  test.each([
    ["another secret", (body: string, now: number) => signature("whsec_other", body, now)],
    ["another body", (body: string, now: number) => signature(SECRET, `${body} `, now)],
    ["a time 301 s ago", (body: string, now: number) => signature(SECRET, body, now - 301_000)],
    ["a time 301 s ahead", (body: string, now: number) => signature(SECRET, body, now + 301_000)],
    ["no form", () => "v1=nothing"],
  ])("signed with %s are refused and change nothing", async (_what, sign) => {
    await using at = await till(placement);
    const body = await undelivered(at);
    const received = receive(at, body, sign(body, at.shop.now()));
    await expect(received).rejects.toMatchObject({ code: "WEBHOOK_SIGNATURE_INVALID" });
    expect(await stateOf(at, "ord_1")).toBe("action_required");
  });

  test("signed 299 s ago are taken in", async () => {
    await using at = await till(placement);
    const body = await undelivered(at);
    await receive(at, body, signature(SECRET, body, at.shop.now() - 299_000));
    expect(await stateOf(at, "ord_1")).toBe("authorised");
  });

  test("about a payment of somebody else are stored, and reported when late", async () => {
    await using at = await till(placement);
    const body = (await undelivered(at)).replaceAll(/pay_[0-9a-f-]+/g, "pay_foreign");
    expect(await receive(at, body)).toEqual({ stored: true });
    expect(await receive(at, body)).toEqual({ stored: true });
    await at.shop.advance(2 * 60 * 60_000);
    const found = await at.shop.call(payments.audit, {});
    expect(found).toMatchObject([{ invariant: "W2", detail: expect.stringContaining("parked") }]);
  });

  test("that contradict what is known have the provider asked at once", async () => {
    await using at = await till(placement);
    const body = (await undelivered(at))
      .replace('"status":"requires_capture"', '"status":"canceled"')
      .replace('"cancellation":null', '"cancellation":"requested"');
    at.online = true;
    await at.shop.advance(5_000);
    await at.shop.call(payments.capture, { orderId: "ord_1" });
    const forged = body.replace(/"id":"evt_[^"]+"/, '"id":"evt_late"');
    await receive(at, forged);
    await at.shop.settle();
    expect(await stateOf(at, "ord_1")).toBe("captured");
  });

  test("that are signed but tell of no payment are refused and stored nowhere", async () => {
    await using at = await till(placement);
    const body = await undelivered(at);
    const event = JSON.parse(body);
    const { object } = event.data;
    for (const odd of [
      ...["", "null", "{}", "[]", '"x"', "nonsense", '{"id":1}', "[".repeat(60_000)],
      JSON.stringify({ ...event, id: null }),
      JSON.stringify({ ...event, data: null }),
      JSON.stringify({ ...event, data: { object: { ...object, metadata: null } } }),
      JSON.stringify({ ...event, data: { object: { ...object, amount: 2 ** 63 } } }),
      JSON.stringify({ ...event, data: { object: { ...object, status: "toString" } } }),
      JSON.stringify({ ...event, data: { object: { ...object, captures: { length: 1e9 } } } }),
    ]) {
      await expect(receive(at, odd)).rejects.toMatchObject({ code: "WEBHOOK_UNREADABLE" });
    }
    expect(at.shop.problems).toEqual([]);
    expect(await stateOf(at, "ord_1")).toBe("action_required");
    expect(await receive(at, body)).toEqual({ stored: true });
    expect(await stateOf(at, "ord_1")).toBe("authorised");
  });

  test("for another provider are refused", async () => {
    await using at = await till(placement);
    const received = at.shop.call(payments.receiveWebhook, {
      provider: "other",
      body: "{}",
      signature: "t=1,v1=0",
    });
    await expect(received).rejects.toMatchObject({ code: "WEBHOOK_SIGNATURE_INVALID" });
  });
});
