import { describe, expect, test } from "bun:test";
import { inventory } from "#modules/inventory";
import { place, placements } from "../../runtime/testing/place.ts";
import inventoryModule from "./module.ts";

const HOUR_MS = 3_600_000;

describe.each(placements)("keeping stock, %s", (placement) => {
  test("holds what is there, once for an order, and says so", async () => {
    await using shop = await place(placement, [inventoryModule]);
    await shop.call(inventory.stockUp, { lines: [{ variantId: "tea", quantity: 5 }] });
    const untilMs = shop.now() + HOUR_MS;
    const hold = { orderId: "o-1", lines: [{ variantId: "tea", quantity: 2 }], untilMs };
    await shop.call(inventory.holdStock, hold);
    await shop.call(inventory.holdStock, hold);
    const { levels } = await shop.call(inventory.stockOf, { variantId: "tea" });
    expect(levels).toEqual([
      { variantId: "tea", locationId: "main", onHand: 5, held: 2, committed: 0, available: 3 },
    ]);
    expect(await shop.call(inventory.audit, {})).toEqual([]);
  });
});
