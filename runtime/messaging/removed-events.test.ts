import { expect, test } from "bun:test";
import { connection } from "../store/connection.ts";
import { openDatabase } from "../store/database.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { kernelMigrations } from "./kernel-schema.ts";
import { lastRemoved, lostAfter, noteRemoved, removedUpTo } from "./removed-events.ts";

const PART = 1_000;
const PARTS_MAX = 10_000;

test("what is noted of removed events does not grow with them, and loses no loss", async () => {
  using folder = temporaryFolder();
  const migrations = { kernel: kernelMigrations };
  const environment = virtualEnvironment();
  const where = { module: "shelf", folder: folder.path, migrations, environment };
  const database = openDatabase(where);
  const { sqlite } = database[connection];
  const add = sqlite.prepare<[number, string]>(
    `INSERT INTO cleave_outbox (seq, event, version, payload, trace_id, occurred_at_ms)
     VALUES (?, ?, 1, '{}', 't', 0)`,
  );
  /** Two events of a part, of which "rare" is in the first part alone, come and are removed. */
  const removed = (part: number) =>
    database.writer.run(() => {
      const seq = part * PART + 1;
      add.run(seq, part === 0 ? "rare" : "put");
      add.run(seq + 1, "put");
      noteRemoved(database, seq + 1);
      sqlite.prepare("DELETE FROM cleave_outbox").run();
    });
  const last = PARTS_MAX + 50;
  for (let part = 0; part <= last; part += part < 100 ? 1 : 99) await removed(part);
  await removed(last);

  const parts = sqlite.prepare("SELECT count(*) FROM cleave_outbox_removed").pluck().get();
  const noted = sqlite.prepare("SELECT sum(removed) FROM cleave_outbox_removed").pluck().get();
  const oldest = sqlite.prepare("SELECT min(part) FROM cleave_outbox_removed WHERE part >= 0");
  expect(parts).toBeLessThan(200);
  expect(oldest.pluck().get()).toBe(51);
  expect(removedUpTo(database)).toBe(last * PART + 2);
  const lost = (event: string, after: number) => lostAfter(database, new Map([[event, after]]));
  expect(lost("put", 0)).toEqual({
    count: Number(noted) - 1,
    isExact: true,
    upTo: last * PART + 2,
  });
  expect(lost("rare", 0)).toEqual({ count: 1, isExact: true, upTo: 1 });
  expect(lost("rare", 1)).toBeUndefined();
  expect(lost("put", 20 * PART)).toMatchObject({ isExact: false, upTo: last * PART + 2 });
  expect(lost("put", last * PART + 2)).toBeUndefined();
  expect(lastRemoved(database, "rare", 30 * PART)).toBe(1);
  database.close();
});
