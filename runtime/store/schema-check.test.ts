import { describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import {
  blob,
  integer,
  real,
  type SQLiteColumnBuilderBase,
  sqliteTable,
  text,
} from "drizzle-orm/sqlite-core";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { kernelMigrations } from "../messaging/kernel-schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { place, placements } from "../testing/place.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { reads, type Schema, writes } from "./connection.ts";
import { openDatabase, openForReading } from "./database.ts";
import type { Migration } from "./migrate.ts";
import { StoreError } from "./store-error.ts";

type Columns = Record<string, SQLiteColumnBuilderBase>;

/** Opens a database that this SQL makes, for its owner and for a replica, over this schema. */
function open(ddl: string, schema: Schema): string[] {
  using folder = temporaryFolder();
  const module = [{ name: "0000_initial", sql: ddl }];
  const migrations = { kernel: kernelMigrations, module };
  const environment = virtualEnvironment();
  const options = { module: "shop", folder: folder.path, migrations, environment };
  openDatabase({ ...options, schema: {} }).close();
  return [openDatabase, openForReading].map((opened) => {
    try {
      opened({ ...options, schema }).close();
      return "";
    } catch (error) {
      expect(error).toBeInstanceOf(StoreError);
      return String(error).replace(`StoreError: ${folder.path}/shop.db `, "");
    }
  });
}

/** What is said of one table, wherever it is opened. */
function mistakes(ddl: string, columns: Columns): string {
  const [owner, replica] = open(ddl, { things: sqliteTable("things", columns) });
  expect(replica).toBe(owner ?? "");
  const said =
    /^is not as the schema of its module says: (.*)\. Draft the migration that is missing/;
  return owner === "" ? "" : (said.exec(owner ?? "")?.[1] ?? `unexpected: ${owner}`);
}

test.each([
  ["CREATE TABLE other (id TEXT)", { id: text() }, "there is no table things"],
  ["CREATE TABLE things (id TEXT)", { id: text(), note: text() }, "things.note is missing"],
  [
    "CREATE TABLE things (id TEXT) STRICT",
    { id: integer(), note: text() },
    "things.id is TEXT, and integer in the schema; things.note is missing",
  ],
  [
    "CREATE TABLE things (n INTEGER) STRICT",
    { n: real() },
    "things.n is INTEGER, and real in the schema",
  ],
  ["CREATE TABLE things (n INT)", { n: text() }, "things.n is INT, and text in the schema"],
  [
    "CREATE TABLE things (id TEXT NOT NULL)",
    { id: text() },
    "things.id is NOT NULL, and may be null in the schema",
  ],
  [
    "CREATE TABLE things (id TEXT, old TEXT NOT NULL)",
    { id: text() },
    "things.old is NOT NULL, and not in the schema",
  ],
  [
    "CREATE TABLE things (id TEXT PRIMARY KEY) WITHOUT ROWID",
    { id: text(), rowid: integer() },
    "things.rowid is missing",
  ],
] as const)("%s differs from its schema, and is refused by name", (ddl, columns, says) => {
  expect(mistakes(ddl, columns)).toBe(says);
});

test.each([
  ["CREATE TABLE things (ID TEXT, old TEXT, kept TEXT NOT NULL DEFAULT '')", { id: text() }],
  ["CREATE TABLE things (id INTEGER PRIMARY KEY) STRICT", { id: integer().primaryKey() }],
  ["CREATE TABLE things (id TEXT)", { id: text(), rowid: integer() }],
  ["CREATE TABLE things (n VARCHAR(3), m BOOLEAN, x)", { n: text(), m: integer(), x: blob() }],
  ["CREATE TABLE things (n ANY) STRICT", { n: text() }],
  ["CREATE TABLE things (n TEXT NOT NULL)", { n: text().$defaultFn(() => "made") }],
  ["CREATE TABLE things (n INT, m INT NOT NULL AS (n + 1))", { n: integer() }],
  [
    "CREATE VIRTUAL TABLE things USING fts5(word)",
    { rowid: integer(), word: text().notNull(), things: text() },
  ],
  ["CREATE VIEW things AS SELECT 1 AS n", { n: integer() }],
] as const)("%s is as its schema says", (ddl, columns) => {
  expect(mistakes(ddl, columns)).toBe("");
});

test("a table that is described in parts is described by all of them", () => {
  const one = sqliteTable("things", { id: text().notNull() });
  const other = sqliteTable("things", { note: text().notNull() });
  const ddl = "CREATE TABLE things (id TEXT NOT NULL, note TEXT NOT NULL)";
  expect(open(ddl, { one, other, anything: 1 })).toEqual(["", ""]);
});

describe("a statement that SQLite refuses", () => {
  const things = sqliteTable("things", { id: text() });
  const ddl = "CREATE TABLE things (id TEXT)";

  test("is named at start, by the owner and by a replica", () => {
    const schema = { things };
    reads(schema, (db) => ({ bad: db.select({ n: sql`absent` }).from(things).prepare() }));
    for (const said of open(ddl, schema)) {
      expect(said).toMatch(/A statement of .*shop.db cannot be prepared: no such column: absent,/);
      expect(said).toContain(
        'in "select absent from "things"". Mend the statement, or add the mig',
      );
    }
  });

  test.each(["cleave_job", "cleave_saga"])(
    "is named when a module's migration took %s from the kernel, at each start",
    (table) => {
      using folder = temporaryFolder();
      const initial = { name: "0000_initial", sql: "CREATE TABLE things (id TEXT)" };
      const options = { folder: folder.path, environment: virtualEnvironment(), schema: {} };
      const opened = (module: string, migrations: readonly Migration[]) =>
        openDatabase({
          ...options,
          module,
          migrations: { kernel: kernelMigrations, module: migrations },
        }).close();
      opened("whole", [initial]);
      const taken = [initial, { name: "0001_taken", sql: `DROP TABLE ${table}` }];
      for (const _start of ["first", "next"]) {
        expect(() => opened("robbed", taken)).toThrow(
          new RegExp(`A statement of .*robbed.db cannot be prepared: no such table: ${table}, in `),
        );
      }
    },
  );

  test("and that writes, is prepared by the owner alone", () => {
    const schema = { things };
    writes(schema, (db) => ({ bad: db.run(sql`DELETE FROM nowhere`) }));
    const [owner, replica] = open(ddl, schema);
    expect(owner).toMatch(/cannot be prepared: no such table: nowhere, in "DELETE FROM nowhere"/);
    expect(replica).toBe("");
  });
});

describe.each(placements)("a module whose schema is ahead of its migrations, %s", (placement) => {
  test("does not start, where each of its calls would fail", async () => {
    const things = sqliteTable("things", { id: text(), added: text() });
    const schema = { things };
    const read = reads(schema, (db) => ({ all: db.select().from(things).prepare() }));
    const shop = contract("shop", { all: query({ input: t.Object({}), output: t.Object({}) }) });
    const all = handler(shop.all, (_, { read: on }) => ({ found: read(on).all.all() }));
    const migrations = [{ name: "0000_initial", sql: "CREATE TABLE things (id TEXT)" }];
    const module = defineModule({ contract: shop, schema, migrations, handlers: { all } });
    await expect(place(placement, [module])).rejects.toThrow(
      /shop.db is not as the schema of its module says: things.added is missing/,
    );
  });
});
