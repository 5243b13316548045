import { expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { commitsOf, connection } from "./connection.ts";
import { groupCommit } from "./group-commit.ts";

const schema = `
  CREATE TABLE item (id INTEGER PRIMARY KEY, filling BLOB) STRICT;
  CREATE TABLE child (
    id INTEGER PRIMARY KEY, parent INTEGER REFERENCES item (id) DEFERRABLE INITIALLY DEFERRED
  ) STRICT;
  CREATE TABLE fragile (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK) STRICT;
  CREATE TABLE guarded (id INTEGER PRIMARY KEY) STRICT;
  CREATE TRIGGER guard BEFORE INSERT ON guarded WHEN new.id > 9
    BEGIN SELECT RAISE(ROLLBACK, 'too many'); END;`;

function connectionTo(sqlite: BetterSqlite3.Database) {
  const view = drizzle(sqlite);
  return { drizzle: view, stable: view, sqlite, prepared: [], schema: undefined, commits: 0 };
}

/** A writer over a fresh file, and a second connection that sees only what is committed. */
function openWriter(reach: (point: string) => void = () => {}) {
  const folder = temporaryFolder();
  const path = `${folder.path}/a.db`;
  const sqlite = new BetterSqlite3(path, { timeout: 0 });
  sqlite.pragma("journal_mode = WAL");
  sqlite.pragma("foreign_keys = ON");
  sqlite.exec(schema);
  const onlooker = new BetterSqlite3(path, { timeout: 0 });
  const committed = onlooker.prepare<[], number>("SELECT id FROM item ORDER BY id").pluck();
  const insert = sqlite.prepare("INSERT INTO item (id, filling) VALUES (?, zeroblob(?))");
  const on = connectionTo(sqlite);
  const writer = groupCommit("a", on, { ...virtualEnvironment(), reach });
  return {
    sqlite,
    read: { [connection]: on },
    onlooker,
    writer,
    add: (id: number, bytes = 0) => writer.run(() => insert.run(id, bytes).changes),
    put: (table: string, id: number) => {
      const statement = sqlite.prepare(`INSERT INTO ${table} (id) VALUES (?)`);
      return writer.run(() => statement.run(id).changes);
    },
    committed: () => committed.all(),
    [Symbol.dispose]() {
      onlooker.close();
      sqlite.close();
      folder[Symbol.dispose]();
    },
  };
}

test("answers a caller only after the commit that holds its change", async () => {
  const seen: string[] = [];
  let answers = 0;
  using store = openWriter((point) =>
    seen.push(`${point}: ${store.committed().length} committed, ${answers} answered`),
  );
  const count = () => {
    answers += 1;
  };
  await Promise.all([store.add(1).then(count), store.add(2).then(count)]);
  expect(seen).toEqual([
    "commit.before:a: 0 committed, 0 answered",
    "commit.after:a: 2 committed, 0 answered",
  ]);
});

test("runs units in the order they came, at most 128 in one commit", async () => {
  let commits = 0;
  using store = openWriter((point) => {
    if (point === "commit.after:a") commits += 1;
  });
  const order: number[] = [];
  const run = (id: number) => store.writer.run(() => order.push(id));
  await Promise.all(Array.from({ length: 300 }, (_, id) => run(id)));
  expect(order).toEqual(Array.from({ length: 300 }, (_, id) => id));
  expect(commits).toBe(3);
});

test("undoes a failed unit, all of it and nothing else", async () => {
  using store = openWriter();
  const failing = store.writer.run(() => {
    store.sqlite.exec("INSERT INTO item (id) VALUES (20), (21)");
    throw new RangeError("no");
  });
  const outcomes = await Promise.allSettled([store.add(1), failing, store.add(2)]);
  expect(outcomes).toEqual([
    { status: "fulfilled", value: 1 },
    { status: "rejected", reason: new RangeError("no") },
    { status: "fulfilled", value: 1 },
  ]);
  expect(store.committed()).toEqual([1, 2]);
});

test.each([
  ["a conflict that rolls back", "fragile", 1, "UNIQUE constraint failed: fragile.id"],
  ["a trigger that rolls back", "guarded", 10, "too many"],
])("%s fails its own unit only; the others run again and are kept", async (...row) => {
  const [, table, id, message] = row;
  using store = openWriter();
  await store.put("fragile", 1);
  const outcomes = await Promise.allSettled([
    store.add(1),
    store.put(table, id),
    store.put("guarded", 1),
    store.put(table, id),
    store.add(2),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect(outcomes[1]).toMatchObject({ reason: { message } });
  expect(store.committed()).toEqual([1, 2]);
  expect(store.sqlite.prepare("SELECT id FROM guarded").pluck().all()).toEqual([1]);
});

test.each([
  ["a conflict that rolls back", "fragile", 1, "UNIQUE constraint failed: fragile.id"],
  ["a trigger that rolls back", "guarded", 10, "too many"],
])("nothing lasts of a unit that swallows %s and goes on", async (...row) => {
  const [, table, id, message] = row;
  using store = openWriter();
  await store.put("fragile", 1);
  const ending = store.sqlite.prepare(`INSERT INTO ${table} (id) VALUES (${id})`);
  const insert = store.sqlite.prepare("INSERT INTO item (id) VALUES (?)");
  const stubborn = (start: number) =>
    store.writer.run(() => {
      insert.run(start);
      ignoringErrors(() => ending.run());
      ignoringErrors(() => insert.run(start + 1));
      ignoringErrors(() => store.sqlite.exec(`INSERT INTO item (id) VALUES (${start + 2})`));
      ignoringErrors(() => insert.get(start + 3));
      return "done";
    });
  for (const start of [10, 20]) {
    const outcomes = await Promise.allSettled([store.add(start + 5), stubborn(start)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(outcomes[1]).toMatchObject({ reason: { message } });
  }
  expect(store.committed()).toEqual([15, 25]);
  await store.writer.run(() => insert.run(30));
  expect(store.committed()).toEqual([15, 25, 30]);
});

test("what writes when its unit has ended is refused, and nothing of it lasts", async () => {
  using store = openWriter();
  const insert = store.sqlite.prepare("INSERT INTO item (id) VALUES (?) RETURNING id");
  await store.writer.run(() => insert.get(1));
  const late = '"INSERT INTO item (id) VALUES (?) RETURNING id" was run when its transaction had';
  for (const write of ["run", "get", "all", "iterate"] as const) {
    expect(() => insert[write](2)).toThrow(late);
  }
  expect(store.committed()).toEqual([1]);
});

test("nothing lasts of a unit that makes the disk full and goes on", async () => {
  using store = openWriter();
  const pages = Number(store.sqlite.pragma("page_count", { simple: true }));
  store.sqlite.pragma(`max_page_count = ${pages + 8}`);
  const insert = store.sqlite.prepare("INSERT INTO item (id, filling) VALUES (?, zeroblob(?))");
  const stubborn = store.writer.run(() => {
    insert.run(2, 0);
    ignoringErrors(() => insert.run(3, 200_000));
    ignoringErrors(() => insert.run(4, 0));
  });
  const outcomes = await Promise.allSettled([store.add(1), stubborn, store.add(5)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: wantOfDisk("SQLITE_FULL") });
  expect(store.committed()).toEqual([1, 5]);
});

test.each([
  ["is found at the next unit", [1]],
  ["is found when the group is undone", []],
])("answers all and goes on when SQLite refuses to, which %s", async (_when, before) => {
  using store = openWriter();
  await store.add(1);
  await store.add(2);
  let left: Iterator<unknown> | undefined;
  const leaving = store.writer.run(() => {
    left = store.sqlite.prepare("SELECT id FROM item").iterate();
    left.next();
    if (before.length === 0) throw new RangeError("no");
  });
  const outcomes = await Promise.allSettled([store.add(3), leaving, store.add(4)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(outcomes[0]).toMatchObject({
    reason: {
      name: "TransportError",
      code: "UNREACHABLE",
      executed: "no",
      message: "a could not go on with its writes; nothing of them was changed.",
    },
  });
  await expect(store.add(5)).rejects.toMatchObject({ code: "UNREACHABLE", executed: "no" });
  left?.return?.();
  await store.add(6);
  expect(store.committed()).toEqual([1, 2, 6]);
});

test("a unit whose commit is refused fails alone, with the reason", async () => {
  using store = openWriter();
  const childOf = (parent: number) =>
    store.writer.run(() => store.sqlite.exec(`INSERT INTO child (parent) VALUES (${parent})`));
  const outcomes = await Promise.allSettled([store.add(1), childOf(99), childOf(1)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: { code: "SQLITE_CONSTRAINT_FOREIGNKEY" } });
  expect(store.onlooker.prepare("SELECT parent FROM child").pluck().all()).toEqual([1]);
  expect(store.committed()).toEqual([1]);
});

test("a unit for which there is no room fails alone, and leaves room for others", async () => {
  using store = openWriter();
  const pages = Number(store.sqlite.pragma("page_count", { simple: true }));
  store.sqlite.pragma(`max_page_count = ${pages + 8}`);
  const outcomes = await Promise.allSettled([store.add(1), store.add(2, 200_000), store.add(3)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(outcomes[1]).toMatchObject({ reason: wantOfDisk("SQLITE_FULL") });
  expect(store.committed()).toEqual([1, 3]);
  await store.add(4);
});

test("says that nothing was done when another process holds the database", async () => {
  using store = openWriter();
  store.onlooker.exec("BEGIN IMMEDIATE");
  const refused = await store.add(1).catch((error: unknown) => error);
  store.onlooker.exec("ROLLBACK");
  expect(refused).toMatchObject({
    name: "TransportError",
    code: "UNREACHABLE",
    executed: "no",
    message: "a could not begin to write; nothing was changed.",
  });
  await store.add(1);
  expect(store.committed()).toEqual([1]);
});

test("says that the outcome is unknown when COMMIT fails and the transaction is gone", async () => {
  let committing = false;
  using store = openWriter((point) => {
    if (committing && point === "commit.before:a") store.sqlite.exec("COMMIT");
  });
  committing = true;
  const own = store.writer.run(() => {
    throw new RangeError("no");
  });
  const outcomes = await Promise.allSettled([store.add(1), own]);
  committing = false;
  expect(outcomes[0]).toMatchObject({
    reason: { name: "TransportError", code: "UNREACHABLE", executed: "unknown" },
  });
  expect(outcomes[1]).toMatchObject({ reason: { name: "RangeError" } });
  expect(store.committed()).toEqual([1]);
  await store.add(2);
});

test("has nothing remembered past a commit that lasted although it failed", async () => {
  using store = openWriter((point) => {
    if (point === "commit.before:a") store.sqlite.exec("COMMIT");
  });
  const before = commitsOf(store.read);
  await store.add(1).catch(() => {});
  expect(store.committed()).toEqual([1]);
  expect(commitsOf(store.read)).not.toBe(before);
});

test("refuses a write when 20,000 wait, and is idle when all are answered", async () => {
  using store = openWriter();
  let answers = 0;
  for (let index = 0; index < 20_000; index++) {
    void store.writer.run(() => {}).then(() => (answers += 1));
  }
  const refused = store.add(1);
  expect(store.writer.waiting).toBe(20_000);
  await expect(refused).rejects.toMatchObject({ code: "OVERLOADED", executed: "no" });
  await store.writer.idle();
  expect(answers).toBe(20_000);
  expect(store.writer.waiting).toBe(0);
  await store.writer.idle();
  expect(await store.add(1)).toBe(1);
});

function wantOfDisk(code: string) {
  return {
    name: "TransportError",
    code: "UNREACHABLE",
    executed: "no",
    message: "a could not write for want of its disk; nothing was changed.",
    cause: { code },
  };
}

function ignoringErrors(work: () => unknown): void {
  try {
    work();
  } catch {
    // A unit may do so, to no avail.
  }
}
