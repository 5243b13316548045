import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { inventory } from "#modules/inventory";
import { type Placed, place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "./module.ts";

const TTL_MS = 60_000;
const variants = ["a", "b", "c"] as const;
const orderIds = ["o-1", "o-2", "o-3", "o-4", "o-5"] as const;

const orderId = fc.constantFrom(...orderIds);
const lines = fc.array(
  fc.record({
    variantId: fc.constantFrom(...variants),
    quantity: fc.integer({ min: 1, max: 4 }),
  }),
  { minLength: 1, maxLength: 3 },
);
const number = fc.integer({ min: 0, max: 6 });
const order = fc.oneof(
  fc.record({ kind: fc.constant("hold" as const), orderId, lines }),
  fc.record({ kind: fc.constant("commit" as const), orderId }),
  fc.record({ kind: fc.constant("release" as const), orderId }),
  fc.record({ kind: fc.constant("consume" as const), orderId, lines, number }),
  fc.record({ kind: fc.constant("restock" as const), lines, number }),
  fc.record({
    kind: fc.constant("adjust" as const),
    variantId: fc.constantFrom(...variants),
    delta: fc.integer({ min: -5, max: 5 }),
    number,
  }),
);
type Order = typeof order extends fc.Arbitrary<infer T> ? T : never;
/** Orders given at the same moment, and how long after them the next ones come. */
const batches = fc.array(
  fc.record({
    orders: fc.array(order, { minLength: 1, maxLength: 6 }),
    pauseMs: fc.constantFrom(0, 0, TTL_MS / 2, TTL_MS),
  }),
  { minLength: 4, maxLength: 10 },
);

/**
 * Units that came onto or left the shelf, by what made them; a later copy of one changes nothing.
 */
type Moves = Map<string, number>;

/** What one order did, as the answers tell; refusals did nothing. */
async function give(shop: Placed, one: Order, moves: Moves): Promise<void> {
  const moved = (key: string, units: number) => {
    if (!moves.has(key)) moves.set(key, units);
  };
  const sum = (all: readonly { quantity: number }[]) =>
    all.reduce((units, { quantity }) => units + quantity, 0);
  switch (one.kind) {
    case "hold": {
      const untilMs = shop.now() + TTL_MS;
      await shop.call(inventory.holdStock, { orderId: one.orderId, lines: one.lines, untilMs });
      return;
    }
    case "commit":
      await shop.call(inventory.commitStock, { orderId: one.orderId });
      return;
    case "release":
      await shop.call(inventory.releaseStock, { orderId: one.orderId, reason: "chance" });
      return;
    case "consume": {
      const shipmentId = `s-${one.orderId}-${one.number}`;
      await shop.call(inventory.consumeStock, { ...one, shipmentId });
      return moved(shipmentId, -sum(one.lines));
    }
    case "restock": {
      const ref = `r-${one.number}`;
      await shop.call(inventory.restock, { ref, lines: one.lines });
      return moved(ref, sum(one.lines));
    }
    case "adjust": {
      const { variantId, delta, number } = one;
      const ref = `adj-${number}`;
      const reason = "correction";
      await shop.call(inventory.adjustStock, { variantId, delta, reason, ref });
      return moved(`${ref}-${variantId}`, delta);
    }
  }
}

/** The units of all variants, from what staff see. */
async function shelf(shop: Placed) {
  const details = await Promise.all(
    variants.map((variantId) => shop.call(inventory.stockOf, { variantId })),
  );
  const levels = details.flatMap((one) => one.levels);
  const kept = details.flatMap((one) => one.reservations);
  const sum = (units: readonly number[]) => units.reduce((all, one) => all + one, 0);
  const keptAs = (state: string) =>
    sum(kept.filter((one) => one.state === state).map((one) => one.quantity));
  return {
    onHand: sum(levels.map((one) => one.onHand)),
    held: sum(levels.map((one) => one.held)),
    committed: sum(levels.map((one) => one.committed)),
    keptAsHeld: keptAs("held"),
    keptAsCommitted: keptAs("committed"),
    isSound: levels.every(({ held, committed, available }) => {
      return held >= 0 && committed >= 0 && available >= 0;
    }),
  };
}

/** Whether each variant is out, by what was published. */
function outByEvents(shop: Placed): Map<string, boolean> {
  const out = new Map<string, boolean>(variants.map((one) => [one, true]));
  for (const { type, payload } of shop.events) {
    if (type !== "inventory.stockRanOut" && type !== "inventory.stockCameBack") continue;
    expect(payload).toContainKey("variantId");
    const { variantId } = Object(payload);
    out.set(variantId, type === "inventory.stockRanOut");
  }
  return out;
}

describe.each(placements)("the books, %s", (placement) => {
  test("balance after any orders, given at once and repeated, in any order", async () => {
    const property = fc.asyncProperty(batches, async (given) => {
      await using shop = await place(placement, [inventoryModule]);
      await shop.call(inventory.stockUp, {
        lines: variants.map((variantId) => ({ variantId, quantity: 6 })),
      });
      const moves: Moves = new Map([["opening", 6 * variants.length]]);
      for (const { orders, pauseMs } of given) {
        const outcomes = await Promise.allSettled(orders.map((one) => give(shop, one, moves)));
        for (const one of outcomes) {
          if (one.status === "rejected") expect(one.reason.name).toBe("DomainError");
        }
        await shop.advance(pauseMs);
        await shop.settle();

        expect(await shop.call(inventory.audit, {})).toEqual([]);
        const units = await shelf(shop);
        expect(units.isSound).toBe(true);
        expect(units.held).toBe(units.keptAsHeld);
        expect(units.committed).toBe(units.keptAsCommitted);
        expect(units.onHand).toBe([...moves.values()].reduce((sum, one) => sum + one, 0));
        const offers = await shop.call(inventory.availabilityOf, { variantIds: [...variants] });
        const out = new Map(offers.map((one) => [one.variantId, one.state === "out"]));
        expect(outByEvents(shop)).toEqual(out);
      }
      expect(shop.problems).toEqual([]);
    });
    await fc.assert(property, { seed: 7, numRuns: 12 });
  }, 60_000);
});

describe("the audit", () => {
  test.each([
    ["S2", "UPDATE level SET held = 1"],
    ["S2", "UPDATE reservation SET state = 'released'"],
    ["S3", "UPDATE level SET on_hand = 9"],
    ["S3", "DELETE FROM level"],
    ["S5", "DELETE FROM reservation_line"],
    ["S6", "UPDATE consumption SET quantity = 9"],
  ])("sees a breach of %s: %s", async (invariant, breach) => {
    await using shop = await place("in process", [inventoryModule]);
    await shop.call(inventory.stockUp, { lines: [{ variantId: "a", quantity: 6 }] });
    const wanted = { orderId: "o-1", lines: [{ variantId: "a", quantity: 3 }] };
    await shop.call(inventory.holdStock, { ...wanted, untilMs: shop.now() + TTL_MS });
    await shop.call(inventory.commitStock, { orderId: "o-1" });
    const lines = [{ variantId: "a", quantity: 1 }];
    await shop.call(inventory.consumeStock, { orderId: "o-1", shipmentId: "s-1", lines });

    const database = new Database(`${shop.folder}/inventory.db`);
    database.run("PRAGMA ignore_check_constraints = ON");
    database.run(breach);
    database.close();
    const found = await shop.call(inventory.audit, {});
    expect(found.map((one) => one.invariant)).toContain(invariant);
  });

  test("has little to see: the database refuses to oversell and to forget", async () => {
    await using shop = await place("in process", [inventoryModule]);
    await shop.call(inventory.stockUp, { lines: [{ variantId: "a", quantity: 6 }] });
    const database = new Database(`${shop.folder}/inventory.db`);
    expect(() => database.run("UPDATE level SET held = 4, committed = 3")).toThrow("CHECK");
    expect(() => database.run("UPDATE level SET on_hand = -1")).toThrow("CHECK");
    expect(() => database.run("UPDATE ledger SET delta = 1")).toThrow("append-only");
    expect(() => database.run("DELETE FROM ledger")).toThrow("append-only");
    database.close();
  });
});
