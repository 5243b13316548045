import { describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { type Placed, type Placement, place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "./module.ts";

const TTL_MS = 15 * 60_000;

/** A shop with five teas and three mugs. */
async function stocked(placement: Placement): Promise<Placed> {
  const shop = await place(placement, [inventoryModule]);
  await shop.call(inventory.stockUp, {
    lines: [
      { variantId: "tea", quantity: 5 },
      { variantId: "mug", quantity: 3 },
    ],
  });
  await shop.settle();
  shop.events.length = 0;
  return shop;
}

function hold(shop: Placed, orderId: string, ...wanted: (readonly [string, number])[]) {
  const lines = wanted.map(([variantId, quantity]) => ({ variantId, quantity }));
  return shop.call(inventory.holdStock, { orderId, lines, untilMs: shop.now() + TTL_MS });
}

async function level(shop: Placed, variantId: string): Promise<number[]> {
  const [found] = (await shop.call(inventory.stockOf, { variantId })).levels;
  return found === undefined ? [] : [found.onHand, found.held, found.committed];
}

async function stateOf(shop: Placed, orderId: string): Promise<string | undefined> {
  return (await shop.call(inventory.reservationOf, { orderId }))?.state;
}

async function expectSoundBooks(shop: Placed): Promise<void> {
  expect(await shop.call(inventory.audit, {})).toEqual([]);
}

describe.each(placements)("holding stock, %s", (placement) => {
  test("keeps it for the order and says so once, however often it is asked", async () => {
    await using shop = await stocked(placement);
    const held = await hold(shop, "o-1", ["tea", 2], ["mug", 1]);
    expect(await hold(shop, "o-1", ["tea", 2], ["mug", 1])).toEqual(held);
    expect(await level(shop, "tea")).toEqual([5, 2, 0]);
    expect(await level(shop, "mug")).toEqual([3, 1, 0]);
    await shop.settle();
    expect(shop.events).toEqual([
      { type: "inventory.stockHeld", payload: { orderId: "o-1", untilMs: held.untilMs } },
    ]);
    await expectSoundBooks(shop);
  });

  test("names every shortage, and then keeps nothing and says nothing", async () => {
    await using shop = await stocked(placement);
    const refused = hold(shop, "o-1", ["mug", 1], ["tea", 6], ["cup", 2]);
    await expect(refused).rejects.toMatchObject({
      code: "OUT_OF_STOCK",
      data: {
        shortages: [
          { variantId: "tea", wanted: 6, available: 5 },
          { variantId: "cup", wanted: 2, available: 0 },
        ],
      },
    });
    await shop.settle();
    expect(shop.events).toEqual([]);
    expect(await level(shop, "mug")).toEqual([3, 0, 0]);
    expect(await shop.call(inventory.reservationOf, { orderId: "o-1" })).toBeNull();
  });

  test("counts two lines of one variant together", async () => {
    await using shop = await stocked(placement);
    await expect(hold(shop, "o-1", ["tea", 3], ["tea", 3])).rejects.toMatchObject({
      data: { shortages: [{ variantId: "tea", wanted: 6, available: 5 }] },
    });
    await hold(shop, "o-2", ["tea", 3], ["tea", 2]);
    expect(await level(shop, "tea")).toEqual([5, 5, 0]);
    await expectSoundBooks(shop);
  });

  test("sells 50 units to exactly 50 of 200 who want one at once", async () => {
    await using shop = await place(placement, [inventoryModule]);
    await shop.call(inventory.stockUp, { lines: [{ variantId: "tea", quantity: 50 }] });
    const buyers = Array.from({ length: 200 }, (_, index) => hold(shop, `o-${index}`, ["tea", 1]));
    const outcomes = await Promise.allSettled(buyers);
    expect(outcomes.filter((one) => one.status === "fulfilled")).toHaveLength(50);
    for (const one of outcomes) {
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "OUT_OF_STOCK" });
    }
    expect(await level(shop, "tea")).toEqual([50, 50, 0]);
    await shop.settle();
    expect(shop.events.filter((one) => one.type === "inventory.stockRanOut")).toHaveLength(1);
    await expectSoundBooks(shop);
  });
});

describe.each(placements)("a hold that nobody commits, %s", (placement) => {
  test("runs out when its time is over, and not before", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 5]);
    await shop.advance(TTL_MS - 1);
    expect(await stateOf(shop, "o-1")).toBe("held");
    await shop.advance(1);
    expect(await stateOf(shop, "o-1")).toBe("expired");
    expect(await level(shop, "tea")).toEqual([5, 0, 0]);
    expect(shop.events.slice(-2)).toEqual([
      { type: "inventory.stockCameBack", payload: { variantId: "tea", available: 5 } },
      { type: "inventory.holdExpired", payload: { orderId: "o-1" } },
    ]);
    await expectSoundBooks(shop);
  });

  test("runs out on time among shorter, longer and committed ones, and after a crash", async () => {
    await using shop = await stocked(placement);
    const until = (orderId: string, minutes: number) =>
      shop.call(inventory.holdStock, {
        orderId,
        lines: [{ variantId: "tea", quantity: 1 }],
        untilMs: shop.now() + minutes * 60_000,
      });
    await until("committed", 1);
    await until("long", 30);
    await until("short", 5);
    await until("middle", 10);
    await shop.call(inventory.commitStock, { orderId: "committed" });
    const states = () => Promise.all(["short", "middle", "long"].map((id) => stateOf(shop, id)));

    await shop.advance(5 * 60_000);
    expect(await states()).toEqual(["expired", "held", "held"]);
    await shop.restart();
    await shop.advance(5 * 60_000);
    expect(await states()).toEqual(["expired", "expired", "held"]);
    await shop.advance(20 * 60_000);
    expect(await states()).toEqual(["expired", "expired", "expired"]);
    expect(await level(shop, "tea")).toEqual([5, 0, 1]);
    await expectSoundBooks(shop);
  });

  test("runs out together with more than one sweep takes", async () => {
    await using shop = await place(placement, [inventoryModule], { duplicate: false });
    await shop.call(inventory.stockUp, { lines: [{ variantId: "tea", quantity: 250 }] });
    await Promise.all(Array.from({ length: 250 }, (_, at) => hold(shop, `o-${at}`, ["tea", 1])));
    await shop.advance(TTL_MS);
    await shop.settle();
    expect(await level(shop, "tea")).toEqual([250, 0, 0]);
  });
});

describe.each(placements)("committing stock, %s", (placement) => {
  test("makes the hold final: its time no longer matters", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 2], ["mug", 3]);
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    await shop.advance(2 * TTL_MS);
    expect(await stateOf(shop, "o-1")).toBe("committed");
    expect(await level(shop, "tea")).toEqual([5, 0, 2]);
    expect(await level(shop, "mug")).toEqual([3, 0, 3]);
    const committed = shop.events.filter((one) => one.type === "inventory.stockCommitted");
    expect(committed).toEqual([{ type: "inventory.stockCommitted", payload: { orderId: "o-1" } }]);
    await expectSoundBooks(shop);
  });

  test("takes an expired hold again when the stock is still there", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 5]);
    await shop.advance(TTL_MS);
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    expect(await level(shop, "tea")).toEqual([5, 0, 5]);
    await shop.settle();
    expect(shop.events.at(-2)).toEqual({
      type: "inventory.stockRanOut",
      payload: { variantId: "tea" },
    });
    await expectSoundBooks(shop);
  });

  test("refuses an expired hold, wholly, when somebody else has some of it", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["mug", 1], ["tea", 4]);
    await shop.advance(TTL_MS);
    await hold(shop, "o-2", ["tea", 2]);
    await expect(shop.call(inventory.commitStock, { orderId: "o-1" })).rejects.toMatchObject({
      code: "OUT_OF_STOCK",
      data: { shortages: [{ variantId: "tea", wanted: 4, available: 3 }] },
    });
    expect(await level(shop, "mug")).toEqual([3, 0, 0]);
    expect(await stateOf(shop, "o-1")).toBe("expired");
    await expectSoundBooks(shop);
  });

  test("knows an order that never held from one that was released", async () => {
    await using shop = await stocked(placement);
    await expect(shop.call(inventory.commitStock, { orderId: "o-1" })).rejects.toMatchObject({
      code: "RESERVATION_NOT_FOUND",
    });
    await shop.call(inventory.releaseStock, { orderId: "o-1", reason: "declined" });
    await expect(shop.call(inventory.commitStock, { orderId: "o-1" })).rejects.toMatchObject({
      code: "RESERVATION_RELEASED",
    });
  });
});

describe.each(placements)("releasing stock, %s", (placement) => {
  test.each(["held", "committed"] as const)("gives back what is %s, once", async (state) => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 5], ["mug", 1]);
    if (state === "committed") await shop.call(inventory.commitStock, { orderId: "o-1" });
    await shop.settle();
    shop.events.length = 0;
    await shop.call(inventory.releaseStock, { orderId: "o-1", reason: "declined" });
    await shop.call(inventory.releaseStock, { orderId: "o-1", reason: "declined" });
    expect(await level(shop, "tea")).toEqual([5, 0, 0]);
    await shop.settle();
    expect(shop.events).toEqual([
      { type: "inventory.stockCameBack", payload: { variantId: "tea", available: 5 } },
      { type: "inventory.stockReleased", payload: { orderId: "o-1", reason: "declined" } },
    ]);
    await expectSoundBooks(shop);
  });

  test("refuses for good the hold that it overtook", async () => {
    await using shop = await stocked(placement);
    await shop.call(inventory.releaseStock, { orderId: "o-1", reason: "abandoned" });
    await expect(hold(shop, "o-1", ["tea", 1])).rejects.toMatchObject({
      code: "RESERVATION_RELEASED",
    });
    expect(await level(shop, "tea")).toEqual([5, 0, 0]);
    await shop.settle();
    expect(shop.events).toEqual([]);
    await expectSoundBooks(shop);
  });

  test("refuses the late commit of a hold that had run out", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 1]);
    await shop.advance(TTL_MS);
    await shop.call(inventory.releaseStock, { orderId: "o-1", reason: "late" });
    await expect(shop.call(inventory.commitStock, { orderId: "o-1" })).rejects.toMatchObject({
      code: "RESERVATION_RELEASED",
    });
    expect(await level(shop, "tea")).toEqual([5, 0, 0]);
  });
});

describe.each(placements)("consuming stock, %s", (placement) => {
  const consume = (shop: Placed, shipmentId: string, line: readonly [string, number]) => {
    const [variantId, quantity] = line;
    const lines = [{ variantId, quantity }];
    return shop.call(inventory.consumeStock, { orderId: "o-1", shipmentId, lines });
  };

  test("takes it off the shelf shipment by shipment, each once", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 3], ["mug", 1]);
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    await consume(shop, "s-1", ["tea", 2]);
    await consume(shop, "s-1", ["tea", 2]);
    expect(await level(shop, "tea")).toEqual([3, 0, 1]);
    await consume(shop, "s-2", ["tea", 1]);
    expect(await stateOf(shop, "o-1")).toBe("committed");
    await consume(shop, "s-3", ["mug", 1]);
    expect(await stateOf(shop, "o-1")).toBe("consumed");
    expect(await level(shop, "mug")).toEqual([2, 0, 0]);
    await expectSoundBooks(shop);
  });

  test("refuses more than is committed, and a release of what has left", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 3]);
    await expect(consume(shop, "s-1", ["tea", 1])).rejects.toMatchObject({ code: "NOT_COMMITTED" });
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    await expect(consume(shop, "s-1", ["tea", 4])).rejects.toMatchObject({ code: "NOT_COMMITTED" });
    await consume(shop, "s-1", ["tea", 1]);
    const release = shop.call(inventory.releaseStock, { orderId: "o-1", reason: "too late" });
    await expect(release).rejects.toMatchObject({ code: "ALREADY_CONSUMED" });
    expect(await level(shop, "tea")).toEqual([4, 0, 2]);
    await expectSoundBooks(shop);
  });
});

describe.each(placements)("changing what is on the shelf, %s", (placement) => {
  const adjust = (shop: Placed, ref: string, change: { delta: number; variantId?: string }) =>
    shop.call(inventory.adjustStock, { variantId: "tea", reason: "correction", ref, ...change });

  test("happens once for a ref, and tells what is available", async () => {
    await using shop = await stocked(placement);
    await adjust(shop, "count-7", { delta: -2 });
    expect(await adjust(shop, "count-7", { delta: -2 })).toMatchObject({ onHand: 3, available: 3 });
    await shop.settle();
    expect(shop.events).toEqual([
      {
        type: "inventory.stockAdjusted",
        payload: { variantId: "tea", available: 3, delta: -2, reason: "correction" },
      },
    ]);
    const { ledger } = await shop.call(inventory.stockOf, { variantId: "tea" });
    expect(ledger.map(({ delta, ref }) => [delta, ref])).toEqual([
      [-2, "count-7"],
      [5, "opening"],
    ]);
    await expectSoundBooks(shop);
  });

  test("never leaves less than is promised", async () => {
    await using shop = await stocked(placement);
    await hold(shop, "o-1", ["tea", 3]);
    await expect(adjust(shop, "loss", { delta: -3 })).rejects.toMatchObject({
      code: "STOCK_TOO_LOW",
      data: { variantId: "tea", onHand: 5, promised: 3 },
    });
    await adjust(shop, "loss", { delta: -2 });
    expect(await level(shop, "tea")).toEqual([3, 3, 0]);
    await expectSoundBooks(shop);
  });

  test("says that a variant came back or ran out only when it did", async () => {
    await using shop = await stocked(placement);
    await adjust(shop, "a", { delta: 4, variantId: "cup" });
    await adjust(shop, "b", { delta: 1, variantId: "cup" });
    await adjust(shop, "c", { delta: -5, variantId: "cup" });
    await shop.call(inventory.restock, {
      ref: "ret-1",
      lines: [
        { variantId: "cup", quantity: 1 },
        { variantId: "cup", quantity: 1 },
      ],
    });
    await shop.settle();
    const crossings = shop.events.filter((one) => one.type !== "inventory.stockAdjusted");
    expect(crossings).toEqual([
      { type: "inventory.stockCameBack", payload: { variantId: "cup", available: 4 } },
      { type: "inventory.stockRanOut", payload: { variantId: "cup" } },
      { type: "inventory.stockCameBack", payload: { variantId: "cup", available: 2 } },
    ]);
  });

  test("puts a return back once, and stocks up only what is new", async () => {
    await using shop = await stocked(placement);
    const back = { ref: "ret-1", lines: [{ variantId: "tea", quantity: 2 }] };
    await shop.call(inventory.restock, back);
    await shop.call(inventory.restock, back);
    expect(await level(shop, "tea")).toEqual([7, 0, 0]);
    const lines = [
      { variantId: "tea", quantity: 100 },
      { variantId: "cup", quantity: 0 },
    ];
    expect(await shop.call(inventory.stockUp, { lines })).toEqual({ added: 1 });
    expect(await level(shop, "tea")).toEqual([7, 0, 0]);
    await expectSoundBooks(shop);
  });

  test("shows customers a coarse state, in the order they asked", async () => {
    await using shop = await stocked(placement);
    await adjust(shop, "more", { delta: 200, variantId: "mug" });
    const asked = { variantIds: ["cup", "mug", "tea"] };
    expect(await shop.call(inventory.availabilityOf, asked)).toEqual([
      { variantId: "cup", state: "out", orderableMax: 0 },
      { variantId: "mug", state: "in_stock", orderableMax: 99 },
      { variantId: "tea", state: "low", orderableMax: 5 },
    ]);
  });

  test("shows staff who keeps a variant", async () => {
    await using shop = await stocked(placement);
    const { untilMs } = await hold(shop, "o-1", ["tea", 2]);
    await hold(shop, "o-2", ["tea", 1]);
    await shop.call(inventory.commitStock, { orderId: "o-2" });
    await hold(shop, "o-3", ["tea", 1]);
    await shop.call(inventory.releaseStock, { orderId: "o-3", reason: "declined" });
    const { reservations } = await shop.call(inventory.stockOf, { variantId: "tea" });
    expect(reservations).toEqual([
      { orderId: "o-2", quantity: 1, state: "committed", untilMs },
      { orderId: "o-1", quantity: 2, state: "held", untilMs },
    ]);
  });
});
