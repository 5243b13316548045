import { describe, expect, test } from "bun:test";
import { connection } from "../store/connection.ts";
import { openDatabase } from "../store/database.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { storeAnswer } from "./answers.ts";
import { CallerMarks, writeMarks } from "./caller-marks.ts";
import { kernelMigrations } from "./kernel-schema.ts";
import { removeExpired } from "./retention.ts";

const DAY_MS = 86_400_000;

/** A module's database, and answers in it by their age in days. */
function openShelf() {
  const folder = temporaryFolder();
  const environment = virtualEnvironment();
  const nowMs = environment.now();
  const open = () => {
    const migrations = { kernel: kernelMigrations };
    return openDatabase({ module: "shelf", folder: folder.path, migrations, environment });
  };
  const database = open();
  const { sqlite } = database[connection];
  const transact = <T>(work: (tx: never) => T) =>
    database.writer.run(() => work(database as never));
  return {
    nowMs,
    database,
    sqlite,
    transact,
    answer: (caller: string, ...agesDays: number[]) =>
      transact((tx) => {
        for (const days of agesDays) {
          const answered = { requestHash: "", answer: "", atMs: nowMs - days * DAY_MS };
          storeAnswer(tx, { caller, key: `${days}`, procedure: "put" }, answered);
        }
      }),
    async tell(caller: string, days: number) {
      const marks = new Map([[caller, nowMs - days * DAY_MS]]);
      await transact((tx) => writeMarks(tx, marks, nowMs));
    },
    /** What is left of events that were emitted in this order, each by its age in days. */
    async leftOf(...agesDays: number[]) {
      const insert = sqlite.prepare(
        `INSERT INTO cleave_outbox (event, version, payload, trace_id, occurred_at_ms)
         VALUES ('moved', 1, '{}', 't', ?)`,
      );
      await transact(() => {
        for (const days of agesDays) insert.run(nowMs - days * DAY_MS);
      });
      while (await transact((tx) => removeExpired(tx, nowMs)));
      const left = sqlite.prepare<[], number>("SELECT occurred_at_ms FROM cleave_outbox");
      const times = left.pluck().all();
      return times.map((atMs) => (nowMs - atMs) / DAY_MS);
    },
    /** What is left after all that has expired is removed, as caller and age. */
    async left() {
      while (await transact((tx) => removeExpired(tx, nowMs)));
      return sqlite
        .prepare("SELECT caller || ' ' || key FROM cleave_answer ORDER BY caller, answered_at_ms")
        .pluck()
        .all();
    },
    [Symbol.dispose]() {
      database.close();
      folder[Symbol.dispose]();
    },
  };
}

describe("events that all readers have taken in are kept", () => {
  test("a week, and behind an older one no longer than that", async () => {
    using shelf = openShelf();
    expect(await shelf.leftOf(30, 8, 6, 8, 1)).toEqual([6, 8, 1]);
  });

  test("when the clock was ahead as they were emitted, too", async () => {
    using shelf = openShelf();
    expect(await shelf.leftOf(8, -1, -40)).toEqual([-1, -40]);
  });

  test("no longer than those after them, however far the clock was ahead", async () => {
    using shelf = openShelf();
    const ahead = Array.from({ length: 1_200 }, () => -400);
    expect(await shelf.leftOf(...ahead, 8, -400, 6)).toEqual([-400, 6]);
  });
});

describe("answers are kept", () => {
  test("a week for callers that tell no mark", async () => {
    using shelf = openShelf();
    await shelf.answer("gateway", 6, 7, 8, 300);
    expect(await shelf.left()).toEqual(["gateway 7", "gateway 6"]);
  });

  test("from a day before their caller's mark, but at least a week", async () => {
    using shelf = openShelf();
    for (const caller of ["boss", "desk", "gateway"]) await shelf.answer(caller, 6, 8, 40, 42, 300);
    await shelf.tell("boss", 40);
    await shelf.tell("desk", 0);
    const left = ["boss 40", "boss 8", "boss 6", "desk 6", "gateway 6"];
    expect(await shelf.left()).toEqual(left);
  });

  test("in batches, so that no transaction is long", async () => {
    using shelf = openShelf();
    const ages = Array.from({ length: 1_200 }, (_, index) => 8 + index / 10_000);
    await shelf.answer("gateway", ...ages);
    const more: boolean[] = [];
    do more.push(await shelf.transact((tx) => removeExpired(tx, shelf.nowMs)));
    while (more.at(-1));
    expect(more).toEqual([true, true, false]);
  });

  test("until their caller tells a mark, when an older version has stored them", async () => {
    const folder = temporaryFolder();
    const environment = virtualEnvironment();
    const nowMs = environment.now();
    const position = kernelMigrations.findIndex(({ name }) => name === "0004_answers_kept");
    const older = { kernel: kernelMigrations.slice(0, position) };
    const before = openDatabase({
      module: "shelf",
      folder: folder.path,
      migrations: older,
      environment,
    });
    await before.writer.run(() => {
      const answered = { requestHash: "", answer: "", atMs: nowMs - 20 * DAY_MS };
      for (const caller of ["boss", "gateway"]) {
        storeAnswer(before as never, { caller, key: "k", procedure: "put" }, answered);
      }
    });
    before.close();
    const migrations = { kernel: kernelMigrations };
    const database = openDatabase({
      module: "shelf",
      folder: folder.path,
      migrations,
      environment,
    });
    const tidy = () => database.writer.run(() => removeExpired(database as never, nowMs));
    const callers = database[connection].sqlite.prepare("SELECT caller FROM cleave_answer").pluck();
    await tidy();
    expect(callers.all()).toEqual(["boss"]);
    const marks = new Map([["boss", nowMs]]);
    await database.writer.run(() => writeMarks(database as never, marks, nowMs));
    await tidy();
    expect(callers.all()).toEqual([]);
    database.close();
    folder[Symbol.dispose]();
  });
});

describe("the marks of callers", () => {
  test("are stored with the first answer, and later the lowest since the last time", async () => {
    using shelf = openShelf();
    const marks = new CallerMarks(shelf.database);
    const stored = () =>
      shelf.sqlite.prepare("SELECT name, repeats_since_ms FROM cleave_caller").raw().all();
    await shelf.transact((tx) => marks.store(tx, "boss", { sinceMs: 5, nowMs: shelf.nowMs }));
    await shelf.transact((tx) => marks.store(tx, "boss", { sinceMs: 9, nowMs: shelf.nowMs }));
    expect(stored()).toEqual([["boss", 5]]);
    for (const sinceMs of [30, 20, 40]) marks.hear("boss", sinceMs);
    const taken = marks.take();
    await shelf.transact((tx) => writeMarks(tx, taken, shelf.nowMs));
    expect(stored()).toEqual([["boss", 20]]);
    expect(marks.take().size).toBe(0);
  });

  test("count for the module's own calls, for ninety days after they were told", async () => {
    using shelf = openShelf();
    const marks = new CallerMarks(shelf.database);
    expect(marks.oldest(shelf.nowMs)).toBe(Infinity);
    marks.hear("desk", shelf.nowMs - DAY_MS);
    await shelf.tell("boss", 3);
    expect(marks.oldest(shelf.nowMs)).toBe(shelf.nowMs - 3 * DAY_MS);
    expect(marks.oldest(shelf.nowMs + 91 * DAY_MS)).toBe(shelf.nowMs - DAY_MS);
  });
});
