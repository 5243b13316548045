import { describe, expect, test } from "bun:test";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { place, placements } from "../testing/place.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { defineModule } from "./define-module.ts";
import { handler } from "./handler.ts";

const both = [shelfModule, deskModule];

const mute = contract("mute", {
  double: query({ input: t.Object({ n: t.Integer() }), output: t.Object({ n: t.Integer() }) }),
});
const muteModule = defineModule({
  contract: mute,
  handlers: { double: handler(mute.double, ({ n }) => ({ n: 2 * n })) },
  migrations: [],
});

describe.each(placements)("a hosted module, %s", (placement) => {
  test("gives a caller copies without undeclared and undefined properties", async () => {
    await using shop = await place(placement, both);
    const value = ["a", "b"];
    const input = { value, note: undefined, extra: 1 } as never;

    const answer = await shop.call(shelf.echo, input);
    value.push("c");

    expect(answer).toStrictEqual({ value: ["a", "b"] });
  });

  test("is called like any other when it declares no event", async () => {
    await using shop = await place(placement, [muteModule]);
    expect(await shop.call(mute.double, { n: 21 })).toEqual({ n: 42 });
    expect(shop.problems).toEqual([]);
  });

  test("refuses an input that does not fit, naming the procedure and the place", async () => {
    await using shop = await place(placement, both);
    const call = shop.call(shelf.put, { thing: "tea", count: 0 });
    await expect(call).rejects.toThrow(/The input of shelf.put does not fit its contract: \/count/);
  });

  test.each([
    ["undefined", undefined, "/: expected object"],
    ["a date in place of a text", { thing: new Date(0), count: 1 }, "/thing: expected string"],
  ])("refuses %s as what it is, though JSON could not tell", async (_what, input, mistake) => {
    await using shop = await place(placement, both);
    const call = shop.call(shelf.put, input as never);
    await expect(call).rejects.toThrow(
      `The input of shelf.put does not fit its contract: ${mistake}`,
    );
  });

  test("undoes all of a refused command, its event too, and names the refusal", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 2 });

    const call = shop.call(shelf.take, { thing: "tea", taker: "ann", count: 3 });

    await expect(call).rejects.toMatchObject({
      name: "DomainError",
      code: "TOO_FEW",
      data: { thing: "tea", count: 2 },
      procedure: "shelf.take",
    });
    await shop.settle();
    expect(shop.events).toEqual([]);
    expect(await shop.call(shelf.putBack, { taker: "ann" })).toEqual({ count: 0 });
  });

  test("does a keyed command once, and refuses its key with another input", async () => {
    await using shop = await place(placement, both);
    const put = { thing: "tea", count: 2 };

    await Promise.all([1, 2, 3].map(() => shop.call(shelf.put, put, { key: "k" })));
    await shop.restart();
    await shop.call(shelf.put, put, { key: "k" });

    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 2 });
    const other = shop.call(shelf.put, { thing: "tea", count: 3 }, { key: "k" });
    await expect(other).rejects.toMatchObject({ code: "IDEMPOTENCY_MISMATCH" });
  });

  test("tells its caller nothing of a defect but that it happened", async () => {
    await using shop = await place(placement, both);
    const error = await shop.call(shelf.stumble, {}).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "Defect", message: "shelf.stumble failed: over a secret" });
    expect(shop.problems[0]).toMatchObject({ message: "procedure failed" });
  });

  test("lets a caller recognise a declared error of a module that it calls", async () => {
    await using shop = await place(placement, both);
    expect(await shop.call(desk.tryToTake, { thing: "tea" })).toEqual({ got: false, left: 0 });
  });

  test("reacts once to each event, however often it is delivered", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 9 });
    await shop.call(shelf.take, { thing: "tea", taker: "ann", count: 1 });
    await shop.call(shelf.take, { thing: "tea", taker: "bob", count: 1 });
    await shop.settle();
    await shop.restart();
    await shop.settle();
    expect(await shop.call(desk.sightings, {})).toEqual({ tea: 2 });
  });

  test("buries an event that cannot be taken in and goes on with the next", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "cursed", count: 1 });
    await shop.call(shelf.put, { thing: "tea", count: 1 });
    await shop.call(shelf.take, { thing: "cursed", taker: "ann", count: 1 });
    await shop.call(shelf.take, { thing: "tea", taker: "bob", count: 1 });
    await shop.advance(10_000);
    expect(await shop.call(desk.sightings, {})).toEqual({ tea: 1 });
    expect(shop.problems).toContainEqual(
      expect.objectContaining({
        message: expect.stringMatching(/^event set aside/),
        event: "shelf.taken",
      }),
    );
  });

  test("runs a planned command when it is due, once, also after a restart", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.putLater, { thing: "tea", atMs: shop.now() + 60_000 });
    await shop.advance(59_000);
    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 0 });
    await shop.restart();
    await shop.advance(2_000);
    await shop.restart();
    await shop.advance(120_000);
    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 1 });
  });
});

describe.each(placements)("a saga, %s", (placement) => {
  const order = { orderId: "o-1", thing: "tea", count: 2, paper: "paper" };

  test("goes through its steps and ends", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 5 });
    await shop.call(shelf.put, { thing: "paper", count: 1 });

    await shop.call(desk.order, order);

    const state = await shop.call(desk.orderState, { orderId: "o-1", waitMs: 1_000 });
    expect(state).toEqual({ state: "ordered, 3 left" });
    await shop.settle();
    expect(shop.events.map((event) => event.type)).toEqual([
      "shelf.taken",
      "shelf.taken",
      "desk.ordered",
    ]);
  });

  test("undoes what it did when a step is refused", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 5 });

    await shop.call(desk.order, order);
    await shop.settle();

    expect(await shop.call(desk.orderState, { orderId: "o-1" })).toEqual({
      state: "refused: TOO_FEW",
    });
    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 5 });
  });

  test("waits until it is woken", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 5 });
    await shop.call(shelf.put, { thing: "to-sign", count: 1 });

    await shop.call(desk.order, { ...order, paper: "to-sign" });
    await shop.settle();
    expect(await shop.call(desk.orderState, { orderId: "o-1" })).toEqual({ state: "pending" });
    await shop.call(desk.sign, { orderId: "o-1" });
    await shop.settle();

    expect(await shop.call(desk.orderState, { orderId: "o-1" })).toEqual({
      state: "ordered, 3 left",
    });
  });

  test("turns back when nobody wakes it in time, also across a restart", async () => {
    await using shop = await place(placement, both);
    await shop.call(shelf.put, { thing: "tea", count: 5 });
    await shop.call(desk.order, { ...order, paper: "to-sign" });
    await shop.advance(10_000);
    await shop.restart();
    await shop.advance(60_000);
    expect(await shop.call(desk.orderState, { orderId: "o-1" })).toEqual({
      state: "refused: UNSIGNED",
    });
    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 5 });
  });
});
