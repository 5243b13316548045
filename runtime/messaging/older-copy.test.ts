import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { eventually } from "../testing/eventually.ts";
import { type Placed, place, placements } from "../testing/place.ts";
import { desk, shelf } from "../testing/sample/contracts.ts";
import { deskModule } from "../testing/sample/desk.ts";
import { shelfModule } from "../testing/sample/shelf.ts";

/** Has the shelf's log end where it did at an earlier time. */
function putBack({ folder }: Placed, lastSeq: number): void {
  const sqlite = new BetterSqlite3(`${folder}/shelf.db`);
  sqlite.exec(`
    DELETE FROM cleave_outbox WHERE seq > ${lastSeq};
    UPDATE sqlite_sequence SET seq = ${lastSeq} WHERE name = 'cleave_outbox';`);
  sqlite.close();
}

function told({ problems }: Placed): unknown[] {
  return problems.filter((one) => JSON.stringify(one).includes("pass over"));
}

test.each(placements)(
  "a reader ahead of a log that was put back is reported once, %s",
  async (at) => {
    await using shop = await place(at, [shelfModule, deskModule], { duplicate: false });
    await shop.call(shelf.put, { thing: "tea", count: 9 });
    for (const taker of ["a", "b", "c"]) {
      await shop.call(shelf.take, { thing: "tea", taker, count: 1 });
    }
    await shop.settle();
    await shop.restart();
    await shop.settle();
    expect(told(shop)).toEqual([]);
    putBack(shop, 1);
    await shop.restart();
    await eventually(
      async () => told(shop),
      (found) => found.length > 0,
    );
    await shop.call(shelf.take, { thing: "tea", taker: "d", count: 1 });
    await shop.settle();
    expect(told(shop)).toEqual([
      {
        message:
          "desk says that it has taken in the events of shelf up to 3, but they end at 1: it " +
          "will pass over the next ones. See what desk.db says: SELECT position FROM " +
          "cleave_inbox WHERE producer = 'shelf'. If that is beyond 1, shelf.db was put back to " +
          "an older copy: while both are stopped, put desk.db back to a copy as old, or number " +
          "on after it in shelf.db: UPDATE sqlite_sequence SET seq = (that position) WHERE name " +
          "= 'cleave_outbox'. If it is not, somebody else reports in the name of desk: rotate " +
          "its key.",
        producer: "shelf",
        reader: "desk",
        position: 3,
        lastSeq: 1,
      },
    ]);
    putBack(shop, 3);
    await shop.restart();
    await shop.call(shelf.take, { thing: "tea", taker: "e", count: 1 });
    await eventually(
      () => shop.call(desk.sightings, {}),
      ({ tea }) => tea === 4,
    );
  },
);
