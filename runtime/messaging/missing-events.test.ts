import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { contract, defineModule } from "../index.ts";
import type { Module } from "../module/define-module.ts";
import { operationsOf } from "../module/operations.ts";
import { eventually } from "../testing/eventually.ts";
import { type Placed, type Placement, place, placements } from "../testing/place.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";

const DAY_MS = 86_400_000;
/** When retention first looks for old rows, and a little more. */
const TIDIED_MS = 61_000;

const doorModule = defineModule({ contract: contract("door", {}), handlers: {}, migrations: [] });

/** Changes a module's database past the module. */
function change({ folder }: Placed, module: string, sql: string): void {
  const sqlite = new BetterSqlite3(`${folder}/${module}.db`);
  sqlite.exec(sql);
  sqlite.close();
}

/** Has retention remove the shelf's first events, by making them so many days old. */
async function age(shop: Placed, { days, upTo }: { days: number; upTo: number }): Promise<void> {
  const ms = days * DAY_MS;
  change(
    shop,
    "shelf",
    `UPDATE cleave_outbox SET occurred_at_ms = occurred_at_ms - ${ms} WHERE seq <= ${upTo}`,
  );
  await shop.restart();
  await shop.advance(TIDIED_MS);
}

/** A shelf with tea, of which so many are taken, one after another. */
async function openShelf(at: Placement, modules: readonly Module[], count: number) {
  const shop = await place(at, modules, { duplicate: false });
  await shop.call(shelf.put, { thing: "tea", count: 99 });
  await take(shop, 1, count);
  return shop;
}

async function take(shop: Placed, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    await shop.call(shelf.take, { thing: "tea", taker: `taker-${number}`, count: 1 });
  }
  // What readers have told is written a little later.
  await shop.advance(6_000);
}

const seen = async (shop: Placed) => (await shop.call(desk.sightings, {}))["tea"] ?? 0;
const seenToBe = (shop: Placed, count: number) =>
  eventually(
    async () => {
      await shop.advance(1_000);
      return await seen(shop);
    },
    (found) => found === count,
  );
const missingIn = (shop: Placed) => shop.eventsOf("shelf").missing;
const told = ({ problems }: Placed) =>
  problems.filter((one) => JSON.stringify(one).includes("misses"));

describe.each(placements)("a consumer behind what retention removed, %s", (at) => {
  test("that was put back to an older copy is told and waits for a person", async () => {
    await using shop = await openShelf(at, [shelfModule, deskModule], 8);
    await seenToBe(shop, 8);
    await shop.advance(6_000);
    await age(shop, { days: 8, upTo: 6 });
    expect(told(shop)).toEqual([]);
    change(shop, "desk", "UPDATE cleave_inbox SET position = 3; UPDATE sighting SET times = 3");
    await shop.restart();
    await eventually(
      async () => missingIn(shop),
      ({ length }) => length > 0,
    );
    await take(shop, 9, 9);
    await shop.advance(60_000);
    expect(await seen(shop)).toBe(3);
    expect(missingIn(shop)).toEqual([{ reader: "desk", count: 3, isExact: true, upTo: 6 }]);
    expect(told(shop)).toEqual([
      expect.objectContaining({
        message: expect.stringContaining("desk misses 3 events of shelf after 3 and up to 6"),
      }),
    ]);
    const [reader] = await shop.call(operationsOf("shelf").cleaveReaders, {});
    expect(reader).toMatchObject({ reader: "desk", position: 3, missing: { count: 3, upTo: 6 } });
    const skip = { producer: "shelf", upTo: 6 };
    expect(await shop.call(operationsOf("desk").cleaveSkip, skip)).toEqual({ skipped: true });
    await seenToBe(shop, 6);
    expect(await shop.call(operationsOf("desk").cleaveSkip, skip)).toEqual({ skipped: false });
    expect(missingIn(shop)).toEqual([]);
    await take(shop, 10, 10);
    await seenToBe(shop, 7);
  });

  test("that was away for more than thirty days is told when its events go", async () => {
    const modules = [shelfModule, deskModule];
    await using shop = await openShelf(at, modules, 3);
    await seenToBe(shop, 3);
    await shop.advance(6_000);
    modules.pop();
    await shop.restart();
    await take(shop, 4, 5);
    await age(shop, { days: 29, upTo: 5 });
    expect(missingIn(shop)).toEqual([]);
    await age(shop, { days: 2, upTo: 5 });
    expect(missingIn(shop)).toEqual([{ reader: "desk", count: 2, isExact: true, upTo: 5 }]);
    expect(told(shop)).toHaveLength(1);
    modules.push(deskModule);
    await shop.restart();
    await take(shop, 6, 6);
    expect(await seen(shop)).toBe(3);
    await shop.call(operationsOf("desk").cleaveSkip, { producer: "shelf", upTo: 5 });
    await seenToBe(shop, 4);
  });

  test("that is new misses nothing: it begins with what is kept", async () => {
    const modules: Module[] = [shelfModule, doorModule];
    await using shop = await openShelf(at, modules, 4);
    await age(shop, { days: 8, upTo: 3 });
    modules.push(deskModule);
    await shop.restart();
    await take(shop, 5, 5);
    await seenToBe(shop, 2);
    expect(told(shop)).toEqual([]);
  });
});
