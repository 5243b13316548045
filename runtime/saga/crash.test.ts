import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { type Placed, place } from "../testing/place.ts";
import {
  BossInput,
  type BossSaga,
  boss,
  bossModule,
  bossSaga,
  publishEnd,
} from "../testing/sample/boss.ts";
import { errands, errandsModule, type Mishap } from "../testing/sample/errands.ts";

const threeErrands = bossSaga("boss.three-errands", {
  version: 1,
  input: BossInput,
  deadlineMs: 600_000,
})
  .step("a", {
    run: ({ call }) => call(errands.run, { name: "a" }),
    compensate: ({ call }) => call(errands.undo, { name: "a" }),
  })
  .step("b", {
    run: ({ call }) => call(errands.run, { name: "b" }),
    compensate: ({ call }) => call(errands.undo, { name: "b" }),
  })
  .pivot("decided", () => {})
  .step("c", { run: ({ call }) => call(errands.run, { name: "c" }) })
  .ending(publishEnd);

/** A saga whose pivot publishes what it was given of the results and the input. */
const showing = bossSaga("boss.showing", {
  version: 1,
  input: BossInput,
  deadlineMs: 600_000,
})
  .step("a", {
    run: async ({ call, input }) => {
      await call(errands.run, { name: "a" });
      return { zero: -0, gone: undefined, list: [input.id], nested: { of: null } };
    },
  })
  .step("b", {
    run: async ({ call, done, input }) => {
      done.a.list.push("b");
      input.id += " changed";
      await call(errands.run, { name: "b" });
      return Object.is(done.a.zero, 0);
    },
  })
  .pivot("decided", (tx, { id, input, done }) => {
    const why = Bun.inspect({ input, done }, { compact: true });
    tx.emit(boss.ended, { id, outcome: "decided", why });
    done.a.list.push("pivot");
  })
  .step("c", {
    run: async ({ call, done }) => {
      await call(errands.run, { name: done.a.list.join() });
    },
  })
  .ending(publishEnd);

function placed(
  mishaps: { readonly [errand: string]: Mishap[] },
  definition: BossSaga = threeErrands,
): Promise<Placed> {
  const modules = [errandsModule(new Map(Object.entries(mishaps)), []), bossModule(definition)];
  return place("in process", modules, { duplicate: false });
}

/** What is left after the saga has run, crashed at the nth point on its way and been repeated. */
async function afterCrash(
  mishaps: { readonly [errand: string]: Mishap[] },
  nth: number,
  { awayMs = 0, definition = threeErrands }: { awayMs?: number; definition?: BossSaga } = {},
) {
  await using shop = await placed(mishaps, definition);
  const gone = shop.crashAt(nth);
  const began = shop.call(boss.begin, { id: "1" }, { key: "k" }).catch(() => {});
  const point = await Promise.race([gone, began.then(() => shop.settle()).then(() => undefined)]);
  if (point === undefined) return undefined;
  await shop.restart(awayMs);
  await shop.call(boss.begin, { id: "1" }, { key: "k" });
  await shop.advance(60_000);
  const ledger = await shop.call(errands.ledger, {});
  return { point, ledger, ends: publishedBy(shop) };
}

/** The payloads in the boss's outbox. */
function publishedBy({ folder }: Placed): unknown[] {
  const sqlite = new BetterSqlite3(`${folder}/boss.db`, { readonly: true });
  const rows = sqlite.prepare<[], string>("SELECT payload FROM cleave_outbox").pluck().all();
  sqlite.close();
  return rows.map((payload) => JSON.parse(payload));
}

const done = { runs: 1, stands: true };
const undone = { runs: 1, stands: false };

test.each([
  ["forward", {}, { a: done, b: done, c: done }, { id: "1", outcome: "completed", why: "" }],
  [
    "back",
    { b: ["refused" as const] },
    { a: undone },
    { id: "1", outcome: "compensated", why: "b: REFUSED" },
  ],
])(
  "a saga going %s ends the same when the process is gone at any point",
  async (...row) => {
    const [, mishaps, ledger, end] = row;
    const points: string[] = [];
    for (let nth = 1; ; nth++) {
      const left = await afterCrash(mishaps, nth);
      if (left === undefined) break;
      points.push(left.point);
      expect({ nth, ...left }).toEqual({ nth, point: left.point, ledger, ends: [end] });
    }
    for (const part of ["commit.before:boss", "commit.after:errands", "saga.ended"]) {
      expect(points.some((point) => point.startsWith(part))).toBe(true);
    }
  },
  60_000,
);

test("a step or pivot is given the same when the process is gone at any point", async () => {
  const whole = await afterCrash({}, 1, { definition: showing });
  expect(whole?.ends).toMatchObject([
    { outcome: "decided", why: expect.stringContaining('list: [ "1" ]') },
    { outcome: "completed" },
  ]);
  for (let nth = 2; ; nth++) {
    const left = await afterCrash({}, nth, { definition: showing });
    if (left === undefined) break;
    expect({ nth, ...left }).toEqual({
      nth,
      point: left.point,
      ledger: { a: done, b: done, "1": done },
      ends: whole?.ends ?? [],
    });
  }
}, 60_000);

test("a saga found past its deadline undoes every step that had run, written or not", async () => {
  for (let nth = 1; ; nth++) {
    const left = await afterCrash({}, nth, { awayMs: 700_000 });
    if (left === undefined) break;
    const { point, ledger, ends } = left;
    const whole = Bun.deepEquals(ends, [{ id: "1", outcome: "completed", why: "" }]);
    const odd = Object.values(ledger).filter(({ stands }) => stands !== whole);
    expect({ nth, point, odd }).toEqual({ nth, point, odd: [] });
  }
}, 60_000);

test("a saga whose record is behind what it did undoes all that it may have done", async () => {
  await using shop = await placed({ b: ["answer lost"] });
  await shop.call(boss.begin, { id: "1" });
  await shop.settle();
  // What is left when the write behind a step was lost, and nothing was written since.
  const sqlite = new BetterSqlite3(`${shop.folder}/boss.db`);
  sqlite.exec("UPDATE cleave_saga SET step = 0, done = '{}', due_at_ms = NULL");
  sqlite.close();
  await shop.restart(700_000);
  await shop.advance(60_000);
  expect(await shop.call(errands.ledger, {})).toEqual({ a: undone, b: undone });
});
