import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { moduleName } from "../contract/contract.ts";
import { waitUntil } from "../index.ts";
import { kernelMigrations } from "../messaging/kernel-schema.ts";
import { openDatabase } from "../store/database.ts";
import { Placed } from "../testing/place.ts";
import { BossInput, boss, bossModule, bossSaga, publishEnd } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { TEST_EPOCH_MS, virtualEnvironment } from "../testing/virtual-environment.ts";

const HOUR_MS = 3_600_000;
const options = { version: 1, input: BossInput, deadlineMs: 24 * HOUR_MS };
/** Waits until it is late or "seen" was run; passes its pivot, and runs "c". */
const older = bossSaga("boss.older", options)
  .step("a", {
    run: ({ call }) => call(errands.run, { name: "a" }),
    compensate: ({ call }) => call(errands.undo, { name: "a" }),
  })
  .step("look", {
    run: async ({ call, late, now }) => {
      const seen = (await call(errands.ledger, {}))["seen"];
      if (late || seen !== undefined) return {};
      return waitUntil(now() + 10 * HOUR_MS);
    },
  })
  .step("b", {
    run: ({ call }) => call(errands.run, { name: "b" }),
    compensate: ({ call }) => call(errands.undo, { name: "b" }),
  })
  .pivot("decided", () => {})
  .step("c", { run: ({ call, id }) => call(errands.run, { name: `c of ${id}` }) })
  .ending(publishEnd);

/** Rows as the program before these timers left them: state, step, failure, due time. */
const rows = [
  ["running", 0, null, null],
  ["waiting", 1, null, TEST_EPOCH_MS + HOUR_MS],
  ["compensating", 0, '{"step":"b","code":"REFUSED","data":null}', TEST_EPOCH_MS + HOUR_MS],
  ["stuck", 2, null, TEST_EPOCH_MS + HOUR_MS],
  ["stuck", 4, null, null],
  ["completed", 5, null, null],
] as const;

test("sagas that an older program has left go on where they were", async () => {
  const modules = [errandsModule(new Map(), []), bossModule(older)];
  const shop = new Placed("in process", modules, { duplicate: false, lookEveryMs: HOUR_MS });
  await using _ = shop;
  openDatabase({
    module: boss[moduleName],
    folder: shop.folder,
    migrations: { kernel: kernelMigrations.slice(0, 2) },
    environment: virtualEnvironment(),
  }).close();
  const sqlite = new BetterSqlite3(`${shop.folder}/boss.db`);
  const insert = sqlite.prepare(
    `INSERT INTO cleave_saga (name, id, version, state, step, input, done, failure, due_at_ms,
       trace_id, started_at_ms, changed_at_ms)
     VALUES ('boss.older', ?, 1, ?, ?, ?, '{}', ?, ?, 'trace', ${TEST_EPOCH_MS}, ${TEST_EPOCH_MS})`,
  );
  for (const [index, [state, step, failure, dueAtMs]] of rows.entries()) {
    const id = `${index}`;
    insert.run(id, state, step, JSON.stringify({ id }), failure, dueAtMs);
  }
  sqlite.close();

  await shop.start();
  await shop.advance(1_000);
  const ended = () => shop.events.map(({ payload }) => payload);
  expect(ended()).toEqual([{ id: "2", outcome: "compensated", why: "b: REFUSED" }]);
  await shop.advance(HOUR_MS);
  // It is late by the time that it asked for then, not by ten hours from now.
  expect(ended().slice(1)).toEqual([{ id: "1", outcome: "completed", why: "" }]);
  await shop.advance(9.5 * HOUR_MS);
  expect(ended().slice(2)).toEqual([{ id: "0", outcome: "completed", why: "" }]);
  await shop.advance(14 * HOUR_MS);
  expect(ended().slice(3)).toEqual([{ id: "3", outcome: "compensated", why: "b: DEADLINE" }]);
  const { c4, ...ledger } = Object.fromEntries(
    Object.entries(await shop.call(errands.ledger, {})).map(([name, one]) => [
      name.replace("c of ", "c"),
      one,
    ]),
  );
  expect(c4).toBeUndefined();
  expect(ledger["c1"]).toEqual({ runs: 1, stands: true });
});
