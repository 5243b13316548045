import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { sql } from "drizzle-orm";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  command,
  contract,
  defineModule,
  event,
  handler,
  query,
  reaction,
  reads,
  t,
  writes,
} from "../index.ts";
import { operationsOf } from "../module/operations.ts";
import { connection } from "../store/connection.ts";
import { openDatabase } from "../store/database.ts";
import { eventually } from "../testing/eventually.ts";
import { type Placed, type Placement, place, placements } from "../testing/place.ts";
import { silent } from "../testing/silent-log.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { deadLetters } from "./dead-letters.ts";
import { Inbox } from "./inbox.ts";
import { kernelMigrations } from "./kernel-schema.ts";
import { Outbox } from "./outbox.ts";

const Sale = t.Object({ sale: t.String(), item: t.String() });

const till = contract("till", {
  /** Sells an item. */
  sell: command({ input: Sale, output: t.Object({}) }),
  sold: event(1, Sale, { key: "sale" }),
});
const book = contract("book", {
  /** The items that were written down, in order. */
  entries: query({ input: t.Object({}), output: t.Array(t.String()) }),
});
const operations = operationsOf("book");

const tillModule = defineModule({
  contract: till,
  migrations: [],
  handlers: {
    sell: handler(till.sell, (sale, { transaction }) =>
      transaction((tx) => {
        tx.emit(till.sold, sale);
        return {};
      }),
    ),
  },
});

const entries = sqliteTable("entry", { item: text().notNull() });
const schema = { entries };
const read = reads(schema, (db) => ({
  all: db.select().from(entries).orderBy(sql`rowid`).prepare(),
}));
const write = writes(schema, (db) => ({
  add: db
    .insert(entries)
    .values({ item: sql.placeholder("item") })
    .prepare(),
}));

/** A book whose reaction fails on the items that it is told to. */
function bookThat(fails: (item: string) => Error | undefined) {
  return defineModule({
    contract: book,
    reactions: [
      reaction(till.sold, (tx, { item }) => {
        const error = fails(item);
        if (error !== undefined) throw error;
        write(tx).add.run({ item });
      }),
    ],
    schema,
    migrations: [{ name: "0000_initial", sql: "CREATE TABLE entry (item TEXT NOT NULL) STRICT;" }],
    handlers: {
      entries: handler(book.entries, (_, context) =>
        read(context.read)
          .all.all()
          .map(({ item }) => item),
      ),
    },
  });
}

/** A till and a book that fails on the items in `broken`; `*` stands for all. */
async function openShop(placement: Placement, ...items: readonly string[]) {
  const broken = new Set(items);
  const bookModule = bookThat((item) => {
    if (item.startsWith("misfit") && broken.has(item)) return misfit();
    return broken.has(item) || broken.has("*") ? new RangeError(`no ${item}`) : undefined;
  });
  const shop = await place(placement, [tillModule, bookModule], { duplicate: false });
  const sell = async (...sold: readonly string[]) => {
    for (const item of sold) {
      await shop.call(till.sell, { sale: item.split("-").slice(0, -1).join("-"), item });
    }
  };
  return { shop, broken, sell };
}

function misfit(): Error {
  return Object.assign(new Error("It does not fit."), { name: "ContractError" });
}

const entriesOf = (shop: Placed) => shop.call(book.entries, {});
const lettersOf = (shop: Placed) => shop.call(operations.cleaveDeadLetters, { limit: 200 });

describe.each(placements)("an event that alone fails, %s", (placement) => {
  test("is set aside with those of its key, which are taken in in order later", async () => {
    const { shop, broken, sell } = await openShop(placement, "a-1");
    await using _ = shop;
    await sell("a-1", "a-2", "b-1", "a-3");
    await shop.advance(10_000);
    expect(await entriesOf(shop)).toEqual(["b-1"]);
    expect(
      (await lettersOf(shop)).map(({ key, attempts, messageKey }) => [key, attempts, messageKey]),
    ).toEqual([
      ["1", 5, "a"],
      ["2", 0, "a"],
      ["4", 0, "a"],
    ]);
    await shop.restart();
    await sell("a-4", "b-2");
    await shop.advance(1_000);
    expect(await entriesOf(shop)).toEqual(["b-1", "b-2"]);
    broken.clear();
    await shop.advance(120_000);
    expect(await entriesOf(shop)).toEqual(["b-1", "b-2", "a-1", "a-2", "a-3", "a-4"]);
    expect(await lettersOf(shop)).toEqual([]);
    await sell("a-5");
    await shop.advance(1_000);
    expect((await entriesOf(shop)).at(-1)).toBe("a-5");
  });

  test("is tried once more at each start, as that may have mended it", async () => {
    const { shop, broken, sell } = await openShop(placement, "misfit-1");
    await using _ = shop;
    await sell("misfit-1");
    await shop.advance(60_000);
    expect((await lettersOf(shop))[0]).toMatchObject({ attempts: 1 });
    broken.clear();
    await shop.restart();
    await shop.advance(1_000);
    expect(await entriesOf(shop)).toEqual(["misfit-1"]);
  });
});

describe.each(placements)("a consumer whose events fail one after another, %s", (placement) => {
  test("stops, says so, keeps its position, and goes on by itself", async () => {
    const { shop, broken, sell } = await openShop(placement, "*");
    await using _ = shop;
    const items = Array.from({ length: 20 }, (_, index) => `sale${index}-1`);
    await sell(...items);
    await shop.advance(30_000);
    expect(await lettersOf(shop)).toHaveLength(3);
    const [stop] = shop.eventsOf("book").stopped;
    expect(stop).toMatchObject({ producer: "till", event: "till.sold", seq: 4, isStorage: false });
    expect(stop?.error).toBe("RangeError: no sale3-1");
    const said = shop.problems.filter((one) => JSON.stringify(one).includes("consumer stops"));
    expect(said).toHaveLength(1);
    broken.clear();
    const entries = await eventually(
      async () => {
        await shop.advance(1_000);
        return await entriesOf(shop);
      },
      ({ length }) => length === items.length,
    );
    await shop.advance(1_000);
    expect(entries.toSorted()).toEqual(items.toSorted());
    expect(entries.filter((item) => !/^sale[012]-/.test(item))).toEqual(items.slice(3));
    const none = { count: 0, oldestAtMs: null };
    expect(shop.eventsOf("book")).toEqual({
      stopped: [],
      missing: [],
      deadLetters: none,
      stuckSagas: none,
    });
  });

  test("goes on when a person has the event set aside that it stopped at", async () => {
    const bad = ["a-1", "b-1", "c-1", "d-1"];
    const { shop, sell } = await openShop(placement, ...bad);
    await using _ = shop;
    await sell(...bad, "e-1");
    await shop.advance(60_000);
    const pass = (seq: number) => shop.call(operations.cleaveSetAside, { producer: "till", seq });
    expect(await pass(3)).toEqual({ accepted: false });
    expect(await pass(4)).toEqual({ accepted: true });
    await shop.advance(31_000);
    expect(await entriesOf(shop)).toEqual(["e-1"]);
    expect(await lettersOf(shop)).toHaveLength(4);
  });
});

test("a consumer that had stopped passes over what was removed at once, over NATS", async () => {
  const { shop, broken, sell } = await openShop("over NATS", "*");
  await using _ = shop;
  // More than a reader holds.
  await sell(...Array.from({ length: 1_300 }, (_item, index) => `sale${index}-1`));
  await eventually(
    async () => {
      await shop.advance(3_000);
      return shop.eventsOf("book").stopped;
    },
    ({ length }) => length > 0,
  );
  const sqlite = new BetterSqlite3(`${shop.folder}/till.db`);
  sqlite.exec("UPDATE cleave_outbox SET occurred_at_ms = occurred_at_ms - 31 * 86400000");
  sqlite.close();
  const missing = () => shop.eventsOf("till").missing;
  await eventually(
    async () => {
      await shop.advance(10_000);
      return missing();
    },
    ([lost]) => lost?.upTo === 1_300,
  );
  // They went in several batches, and are told of once.
  const told = shop.problems.filter((one) => JSON.stringify(one).includes("book misses"));
  expect(told).toHaveLength(1);
  await shop.call(operations.cleaveSkip, { producer: "till", upTo: 1_300 });
  await shop.advance(60_000);
  expect(shop.eventsOf("book").stopped).toEqual([]);
  expect(missing()).toEqual([]);
  broken.clear();
  await sell("late-1");
  expect(
    await eventually(
      async () => {
        await shop.advance(1_000);
        return await entriesOf(shop);
      },
      ({ length }) => length === 4,
    ),
  ).toContain("late-1");
});

test("a consumer stays stopped when it is told to pass over what it is past", async () => {
  const { shop, sell } = await openShop("in process", "*");
  await using _ = shop;
  await sell("sale0-1", "sale1-1", "sale2-1", "sale3-1");
  await shop.advance(20_000);
  const { stopped } = shop.eventsOf("book");
  expect(stopped).toMatchObject([{ seq: 4 }]);
  const skip = { producer: "till", upTo: 2 };
  expect(await shop.call(operations.cleaveSkip, skip)).toEqual({ skipped: false });
  expect(shop.eventsOf("book").stopped).toEqual(stopped);
});

test("a consumer that had stopped sets no more aside when its process starts anew", async () => {
  const { shop, sell } = await openShop("in process", "*");
  await using _ = shop;
  await sell("a-1", "b-1", "c-1", "d-1", "e-1");
  await shop.advance(60_000);
  await shop.restart();
  await shop.advance(60_000);
  expect(shop.eventsOf("book").stopped).toMatchObject([{ seq: 4 }]);
  expect(await lettersOf(shop)).toHaveLength(3);
});

describe("dead letters", () => {
  test("are tried again by themselves for a day, then wait for a person", async () => {
    const { shop, broken, sell } = await openShop("in process", "a-1");
    await using _ = shop;
    await sell("a-1");
    await shop.advance(86_400_000 + 3_600_000);
    const [letter] = await lettersOf(shop);
    expect(letter).toMatchObject({ nextAttemptAtMs: null });
    expect(letter?.attempts).toBeGreaterThan(50);
    expect(shop.problems.at(-1)).toMatchObject({ message: "event given up", seq: "1" });
    broken.clear();
    await shop.advance(86_400_000);
    expect(await entriesOf(shop)).toEqual([]);
    expect(await shop.call(operations.cleaveRedrive, { id: letter?.id ?? 0 })).toEqual({
      redriven: true,
    });
    expect(await entriesOf(shop)).toEqual(["a-1"]);
  });

  test("are redriven in order, one key or all, up to the first that fails", async () => {
    const { shop, broken, sell } = await openShop("in process, encoded", "a-1", "b-1");
    await using _ = shop;
    await sell("a-1", "a-2", "b-1", "b-2", "a-3");
    await shop.advance(10_000);
    const [first, second] = await lettersOf(shop);
    const redrive = shop.call(operations.cleaveRedrive, { id: second?.id ?? 0 });
    await expect(redrive).rejects.toMatchObject({
      code: "ALREADY_BEHIND_ANOTHER",
      data: { id: first?.id },
    });
    const again = shop.call(operations.cleaveRedrive, { id: first?.id ?? 0 });
    await expect(again).rejects.toMatchObject({
      code: "REDRIVE_FAILED",
      data: { id: first?.id, error: "RangeError: no a-1" },
    });
    broken.delete("b-1");
    const all = { source: null, messageKey: null, limit: 200 };
    expect(await shop.call(operations.cleaveRedriveAll, all)).toEqual({
      redriven: 0,
      failed: { id: first?.id ?? 0, error: "RangeError: no a-1" },
    });
    const failed = (await lettersOf(shop))[0]?.attempts ?? 0;
    expect(failed).toBeGreaterThan(first?.attempts ?? 0);
    expect(await shop.call(operations.cleaveRedriveAll, { ...all, messageKey: "b" })).toEqual({
      redriven: 2,
      failed: null,
    });
    broken.clear();
    expect(await shop.call(operations.cleaveRedriveAll, all)).toEqual({
      redriven: 3,
      failed: null,
    });
    expect(await entriesOf(shop)).toEqual(["b-1", "b-2", "a-1", "a-2", "a-3"]);
  });

  test("that a redrive has freed are tried although it stopped at another", async () => {
    const { shop, broken, sell } = await openShop("in process", "a-1", "b-1");
    await using _ = shop;
    await sell("a-1", "b-1", "a-2");
    await shop.advance(86_400_000 + 3_600_000);
    broken.delete("a-1");
    const all = { source: null, messageKey: null, limit: 200 };
    const answer = await shop.call(operations.cleaveRedriveAll, all);
    expect(answer).toMatchObject({ redriven: 1, failed: { error: "RangeError: no b-1" } });
    await shop.advance(1_000);
    expect(await entriesOf(shop)).toEqual(["a-1", "a-2"]);
  });

  test("are listed oldest first by the page, and one that is discarded frees its key", async () => {
    const { shop, sell } = await openShop("in process", "a-1");
    await using _ = shop;
    await sell("a-1", "a-2", "a-3");
    await shop.advance(10_000);
    const page = (after: number) => shop.call(operations.cleaveDeadLetters, { limit: 2, after });
    const [one, two] = await page(0);
    expect((await page(two?.id ?? 0)).map(({ key }) => key)).toEqual(["3"]);
    await shop.call(operations.cleaveDiscard, { id: one?.id ?? 0 });
    await shop.advance(1_000);
    expect(await entriesOf(shop)).toEqual(["a-2", "a-3"]);
  });

  test("are tried for a day of their own once the one before them is gone", async () => {
    const { shop, broken, sell } = await openShop("in process, encoded", "a-1", "a-2");
    await using _ = shop;
    await sell("a-1", "a-2", "a-3");
    await shop.advance(2 * 86_400_000);
    const [first] = await lettersOf(shop);
    expect(first).toMatchObject({ key: "1", nextAttemptAtMs: null });
    await shop.call(operations.cleaveDiscard, { id: first?.id ?? 0 });
    await shop.advance(60_000);
    const [second] = await lettersOf(shop);
    expect(second).toMatchObject({ key: "2", nextAttemptAtMs: expect.any(Number) });
    broken.clear();
    await shop.advance(3_600_000);
    expect(await entriesOf(shop)).toEqual(["a-2", "a-3"]);
  });
});

test("dead letters of the version before are kept, listed, and hold nothing up", () => {
  using folder = temporaryFolder();
  const environment = virtualEnvironment();
  const about = { module: "book", folder: folder.path, environment };
  const before = openDatabase({ ...about, migrations: { kernel: kernelMigrations.slice(0, 2) } });
  before[connection].sqlite.exec(`
    INSERT INTO cleave_inbox VALUES ('till', 7);
    INSERT INTO cleave_reader VALUES ('book', '["sold"]', 7);
    INSERT INTO cleave_dead_letter
      (kind, source, name, key, payload, error, trace_id, died_at_ms)
      VALUES ('event', 'till', 'till.sold', '3', '{"sale":"a"}', 'RangeError: no', 'trace', 5)`);
  before.close();
  const now = openDatabase({ ...about, migrations: { kernel: kernelMigrations } });
  expect(deadLetters(now, 9)).toMatchObject([
    { id: 1, key: "3", messageKey: null, attempts: 1, nextAttemptAtMs: null, diedAtMs: 5 },
  ]);
  const host = { log: silent, environment, read: now, transact: never, lettersDue() {} };
  expect(new Inbox(host, "till", []).position).toBe(7);
  const outbox = new Outbox({ ...host, module: "book" });
  expect([...outbox.readers().keys(), ...outbox.missing]).toEqual(["book"]);
  now.close();
});

const never = () => Promise.reject(new Error("Nothing is written here."));
