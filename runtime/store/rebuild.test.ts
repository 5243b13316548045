import { describe, expect, test } from "bun:test";
import { readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SimulatedDisk } from "../simulation/disk.ts";
import { Images } from "../simulation/images.ts";
import { Process } from "../simulation/process.ts";
import { smallWorld } from "../simulation/small-world.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { connection } from "./connection.ts";
import { openDatabase } from "./database.ts";
import { type Disk, realDisk } from "./disk.ts";
import type { Migration } from "./migrate.ts";
import { StoreError } from "./store-error.ts";

/** Four kinds of children of one parent; a default of the parent's changes from one to the next. */
const schemaOf = (name: string) => `
  import { sqliteTable, text } from "drizzle-orm/sqlite-core";
  export const parents = sqliteTable("parents", {
    id: text().primaryKey(),
    name: text().notNull().default("${name}"),
  });
  const children = (name, onDelete) =>
    sqliteTable(name, {
      id: text().primaryKey(),
      parent: text().references(() => parents.id, { onDelete }),
    });
  export const cascading = children("cascading", "cascade");
  export const nulling = children("nulling", "set null");
  export const restricting = children("restricting", "restrict");
  export const plain = children("plain", "no action");`;
const tables = ["cascading", "nulling", "restricting", "plain"];

/** The SQL that this repository's drizzle-kit drafts, for the first schema and for the next. */
async function drafted(): Promise<readonly [Migration, Migration]> {
  using folder = temporaryFolder();
  symlinkSync(join(import.meta.dir, "../../node_modules"), `${folder.path}/node_modules`);
  for (const name of ["initial", "next"]) {
    writeFileSync(`${folder.path}/schema.ts`, schemaOf(name));
    const kit = "node_modules/drizzle-kit/bin.cjs";
    const about = ["--dialect", "sqlite", "--schema", "./schema.ts", "--name", name];
    const command = [process.execPath, kit, "generate", ...about, "--out", "./migrations"];
    await Bun.spawn(command, { cwd: folder.path, stdin: null, stdout: "ignore" }).exited;
  }
  const read = async (name: string) => {
    return { name, sql: await Bun.file(`${folder.path}/migrations/${name}.sql`).text() };
  };
  return [await read("0000_initial"), await read("0001_next")];
}
const [initial, next] = await drafted();

function onFiles(): Disposable & { readonly folder: string; readonly disk?: Disk } {
  const folder = temporaryFolder();
  return { folder: folder.path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

function simulated(rates: Parameters<typeof smallWorld>[0] = {}, images = new Images()) {
  const world = smallWorld(rates);
  const disk = new SimulatedDisk(world, images);
  const process = new Process(world, "one", world.seed.fork("one"));
  return { world, disks: disk, folder: "/data", disk: disk.of(process) };
}

/** A simulated disk as it is in a run: what was there before is in a transaction around it all. */
function inRun() {
  const before = simulated();
  filled({ folder: "/data", disk: before.disk });
  const during = simulated({}, new Images(before.disks.bytes()));
  // Something is written before the migration comes.
  const database = open(during, [initial]);
  database.sqlite.exec("BEGIN IMMEDIATE");
  database.sqlite.exec("COMMIT");
  return { ...during, [Symbol.dispose]: () => {} };
}

interface Place {
  readonly folder: string;
  readonly disk?: Disk | undefined;
}

function open({ folder, disk }: Place, module: readonly Migration[]) {
  const environment = virtualEnvironment();
  const database = openDatabase({
    module: "orders",
    folder,
    migrations: { module },
    environment,
    disk,
  });
  return { sqlite: database[connection].sqlite, [Symbol.dispose]: () => database.close() };
}

/** Has each table hold what a migration is to leave alone, if it is not there yet. */
function filled(place: Place, also = ""): void {
  using database = open(place, [initial]);
  database.sqlite.exec(`INSERT OR IGNORE INTO parents (id) VALUES ('p');${also}`);
  for (const table of tables) {
    database.sqlite.exec(`INSERT OR IGNORE INTO ${table} VALUES ('a', 'p'), ('b', NULL)`);
  }
}

const copiesIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.includes(".before-"))
    .sort();
const remade = (table: string, columns: string) => `
  CREATE TABLE made (${columns}); INSERT INTO made SELECT * FROM ${table};
  DROP TABLE ${table}; ALTER TABLE made RENAME TO ${table};`;

describe.each([
  ["files", onFiles],
  ["a simulated disk", () => ({ ...simulated(), [Symbol.dispose]: () => {} })],
  ["a simulated disk in a run", inRun],
] as const)("a parent that is rebuilt as drizzle-kit drafts it, on %s", (_where, made) => {
  test("keeps its children, and foreign keys are on afterwards", () => {
    using place = made();
    filled(place);
    using database = open(place, [initial, next]);
    const { sqlite } = database;
    for (const table of tables) {
      const rows = sqlite.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().all();
      expect([table, rows]).toEqual([
        table,
        [
          ["a", "p"],
          ["b", null],
        ],
      ]);
    }
    sqlite.exec("INSERT INTO parents (id) VALUES ('q')");
    expect(sqlite.prepare("SELECT name FROM parents ORDER BY id").pluck().all()).toEqual([
      "initial",
      "next",
    ]);
    expect(sqlite.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(() => sqlite.exec("DELETE FROM parents")).toThrow("FOREIGN KEY constraint failed");
    sqlite.exec("DELETE FROM restricting; DELETE FROM plain; DELETE FROM parents");
    const left = (table: string) => sqlite.prepare(`SELECT id FROM ${table}`).pluck().all();
    expect([left("cascading"), left("nulling")]).toEqual([["b"], ["a", "b"]]);
  });

  test("is undone when a child would refer to nothing, and the rows are named", () => {
    using place = made();
    filled(place, "INSERT OR IGNORE INTO parents (id) VALUES ('q')");
    const deleting = {
      name: "0002_deleting",
      sql: `${next.sql}; DELETE FROM parents WHERE id = 'p'`,
    };
    const attempt = () => open(place, [initial, next, deleting]);
    expect(attempt).toThrow(StoreError);
    expect(attempt).toThrow(
      /^The module migration 0001_next and module migration 0002_deleting cannot be applied to /,
    );
    expect(attempt).toThrow(
      /rows would refer to what is not there: .*row 1 of plain by parent to p/,
    );
    expect(attempt).toThrow(/Have it delete or change these rows as well/);
    using database = open(place, [initial]);
    expect(database.sqlite.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(database.sqlite.prepare("SELECT id FROM parents ORDER BY id").pluck().all()).toEqual([
      "p",
      "q",
    ]);
    expect(database.sqlite.prepare("SELECT * FROM cascading").all()).toHaveLength(2);
  });

  test("leaves the database as it was in a copy, whole", () => {
    using place = made();
    filled(place);
    open(place, [initial, next])[Symbol.dispose]();
    const { folder, disk = realDisk } = place;
    const copy = disk.open(`${folder}/orders.db.before-0001_next`, { readonly: true });
    expect(copy.prepare("SELECT name FROM parents").pluck().all()).toEqual(["initial"]);
    const ddl = copy.prepare("SELECT sql FROM sqlite_schema WHERE name = 'parents'").pluck();
    expect(ddl.get()).toContain("DEFAULT 'initial'");
    expect(copy.pragma("integrity_check", { simple: true })).toBe("ok");
    copy.close();
  });
});

test("a row that referred to nothing before hinders a rebuild, and no other start", () => {
  using place = onFiles();
  filled(place);
  const path = `${place.folder}/orders.db`;
  const outside = realDisk.open(path);
  outside.pragma("foreign_keys = OFF");
  outside.exec("INSERT INTO plain VALUES ('c', 'nobody')");
  outside.close();
  const adding = { name: "0001_adding", sql: "CREATE TABLE more (id TEXT)" };
  open(place, [initial])[Symbol.dispose]();
  open(place, [initial, adding])[Symbol.dispose]();
  expect(() => open(place, [initial, adding, next])).toThrow(
    new StoreError(
      `The module migration 0001_next cannot be applied to ${path}, and nothing was changed: ` +
        "rows would refer to what is not there: row 3 of plain by parent to parents. Without it, " +
        "1 rows already do: mend the data first.",
    ),
  );
  open(place, [initial, adding])[Symbol.dispose]();
});

test("is refused when what is referred to is not unique any more", () => {
  using place = onFiles();
  filled(place);
  const blurred = { name: "0001_blurred", sql: remade("parents", "id text, name text") };
  expect(() => open(place, [initial, blurred])).toThrow(
    /0001_blurred cannot be applied to .*: foreign key mismatch - "\w+" referencing "parents"/,
  );
  filled(place);
});

test("a rebuilt table may not lose a trigger in silence", () => {
  using place = onFiles();
  const trigger = "CREATE TRIGGER told AFTER DELETE ON t BEGIN SELECT 1; END;";
  const first = { name: "0000_initial", sql: `CREATE TABLE t (n INTEGER); ${trigger}` };
  open(place, [first])[Symbol.dispose]();
  const rebuilding = (sql: string) => ({ name: "0001_next", sql });
  const losing = remade("t", "n INTEGER");
  expect(() => open(place, [first, rebuilding(losing)])).toThrow(
    /the trigger told would be gone with the old t\. Create it again/,
  );
  const triggersAfter = (sql: string) => {
    using other = onFiles();
    open(other, [first])[Symbol.dispose]();
    using database = open(other, [first, rebuilding(sql)]);
    const found = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
    return database.sqlite.prepare(found).pluck().all();
  };
  expect(triggersAfter(losing + trigger)).toEqual(["told"]);
  expect(triggersAfter(`DROP TRIGGER "told"; ${losing}`)).toEqual([]);
  expect(triggersAfter("DROP TABLE t")).toEqual([]);
});

test("a rebuilt table may not lose a unique index in silence", () => {
  using place = onFiles();
  const unique = 'CREATE UNIQUE INDEX "once" ON t (n) WHERE n > 0;';
  const first = {
    name: "0000_initial",
    sql: `CREATE TABLE t (n INTEGER); ${unique} CREATE INDEX quick ON t (n);`,
  };
  open(place, [first])[Symbol.dispose]();
  const losing = remade("t", "n INTEGER");
  expect(() => open(place, [first, { name: "0001_next", sql: losing }])).toThrow(
    /the unique index once would be gone with the old t\. Create it again/,
  );
  const indexesAfter = (sql: string) => {
    using other = onFiles();
    open(other, [first])[Symbol.dispose]();
    using database = open(other, [first, { name: "0001_next", sql }]);
    const found = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 't'";
    return database.sqlite.prepare(found).pluck().all();
  };
  expect(indexesAfter(losing + unique)).toEqual(["once"]);
  expect(indexesAfter(`DROP INDEX IF EXISTS main.once; ${losing}`)).toEqual([]);
  expect(indexesAfter("DROP TABLE t")).toEqual([]);
});

describe.each([
  ["fts5", "USING fts5 (body, content = 'pages')"],
  ["fts4", "USING fts4(content='pages', body)"],
])("the %s search index of a table that is rebuilt", (_module, using_) => {
  const columns = "id TEXT PRIMARY KEY, body TEXT";
  const first = {
    name: "0000_initial",
    sql: `CREATE TABLE pages (${columns}); CREATE VIRTUAL TABLE found ${using_};`,
  };
  const fill = `INSERT INTO pages VALUES ('a', 'apple'), ('b', 'berry'), ('c', 'cherry');
    DELETE FROM pages WHERE id = 'a';`;
  const index = "INSERT INTO found (found) VALUES ('rebuild');";
  // The columns differ in their default alone, and the rows get other numbers.
  const rebuilt = remade("pages", `${columns} DEFAULT 'none'`);
  const after = (filling: string, sql: string) => {
    using place = onFiles();
    {
      using database = open(place, [first]);
      database.sqlite.exec(filling);
    }
    using database = open(place, [first, { name: "0001_next", sql }]);
    const matching = database.sqlite.prepare<[], string>(
      "SELECT id FROM pages WHERE rowid IN (SELECT rowid FROM found WHERE found MATCH 'berry')",
    );
    return matching.pluck().all();
  };

  test("may not come to find other rows", () => {
    expect(() => after(fill + index, rebuilt)).toThrow(
      /the search index found does not fit its table any more.*VALUES \('rebuild'\)/,
    );
    expect(after(fill + index, rebuilt + index)).toEqual(["b"]);
  });

  test("that did not fit before is left to its author", () => {
    expect(after(fill, "CREATE TABLE gone (n INTEGER); DROP TABLE gone")).toEqual([]);
  });

  test("may go with its table", () => {
    using place = onFiles();
    open(place, [first])[Symbol.dispose]();
    const dropping = { name: "0001_next", sql: "DROP TABLE found; DROP TABLE pages" };
    using database = open(place, [first, dropping]);
    expect(
      database.sqlite.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'found'").all(),
    ).toEqual([]);
  });
});

test("a rebuilt table gives no number twice", () => {
  using place = onFiles();
  const numbered = "n INTEGER PRIMARY KEY AUTOINCREMENT";
  const sql = `CREATE TABLE t (${numbered}); CREATE TABLE u (${numbered})`;
  const first = { name: "0000_initial", sql };
  {
    using database = open(place, [first]);
    database.sqlite.exec("INSERT INTO t VALUES (7), (9); DELETE FROM t WHERE n = 9");
    database.sqlite.exec("INSERT INTO u VALUES (5); DELETE FROM u");
  }
  const rebuilt = remade("t", numbered) + remade("u", numbered);
  using database = open(place, [first, { name: "0001_next", sql: rebuilt }]);
  database.sqlite.exec("INSERT INTO t DEFAULT VALUES; INSERT INTO u DEFAULT VALUES");
  expect(database.sqlite.prepare("SELECT max(n) FROM t").pluck().get()).toBe(10);
  expect(database.sqlite.prepare("SELECT max(n) FROM u").pluck().get()).toBe(6);
});

test("what a migration sets for its connection is gone afterwards", () => {
  using place = onFiles();
  filled(place);
  const setting = { name: "0001_setting", sql: "PRAGMA recursive_triggers = ON; DROP TABLE plain" };
  using database = open(place, [initial, setting]);
  expect(database.sqlite.pragma("recursive_triggers", { simple: true })).toBe(0);
});

describe("copies before a migration", () => {
  const dropping = (index: number) => ({ name: `000${index}_next`, sql: "SELECT 1" });
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => dropping(index + 1));

  test("are not made of a new database, nor before what only adds", () => {
    using place = onFiles();
    open(place, [initial, next])[Symbol.dispose]();
    const adding = { name: "0002_adding", sql: "ALTER TABLE plain ADD COLUMN note TEXT" };
    open(place, [initial, next, adding])[Symbol.dispose]();
    expect(copiesIn(place.folder)).toEqual([]);
  });

  test("are the last three, and what a crash has cut short is not among them", () => {
    using place = onFiles();
    filled(place);
    writeFileSync(`${place.folder}/orders.db.before-0001_next.partial`, "cut short");
    writeFileSync(`${place.folder}/orders.db.before-0000_old.partial`, "cut short");
    for (let count = 1; count <= 5; count++) {
      open(place, [initial, ...upTo(count)])[Symbol.dispose]();
      const made = `${place.folder}/orders.db.before-000${count}_next`;
      utimesSync(made, count, count);
    }
    expect(copiesIn(place.folder)).toEqual([
      "orders.db.before-0003_next",
      "orders.db.before-0004_next",
      "orders.db.before-0005_next",
    ]);
  });

  test("that find no room are told in a sentence, and nothing is migrated", () => {
    const place = simulated({ "disk-full": 1 });
    filled(place);
    place.world.faults.on = true;
    expect(() => open(place, [initial, next])).toThrow(
      new StoreError(
        "/data/orders.db cannot be copied to /data/orders.db.before-0001_next (database or disk " +
          "is full), which is done before the migration 0001_next because that may drop or " +
          "rebuild a table. Nothing was changed. Make room for the copy in the data folder, and " +
          "see that this user can write there.",
      ),
    );
    place.world.faults.on = false;
    open(place, [initial])[Symbol.dispose]();
  });
});
