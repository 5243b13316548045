import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { connection } from "./connection.ts";
import { claimDatabase, openDatabase } from "./database.ts";
import type { Migration } from "./migrate.ts";
import { StoreError } from "./store-error.ts";

const first = { name: "0000_initial", sql: "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT" };
const second = { name: "0001_more", sql: "ALTER TABLE a ADD COLUMN note TEXT" };
const broken = {
  name: "0002_broken",
  sql: "CREATE TABLE b (id INTEGER PRIMARY KEY) STRICT; INSERT INTO a (id) VALUES (7); NONSENSE;",
};

function optionsOf(
  folder: string,
  module: readonly Migration[],
  kernel: readonly Migration[] = [],
) {
  const environment = virtualEnvironment();
  return { module: "orders", folder, migrations: { kernel, module }, environment };
}

/** Opens, closes, and tells which tables and columns there are. */
function shapeAfter(folder: string, module: readonly Migration[], kernel?: readonly Migration[]) {
  const database = openDatabase(optionsOf(folder, module, kernel));
  const rows = database[connection].sqlite
    .prepare<[], string>(
      `SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
       WHERE t.type = 'table' AND t.name NOT LIKE 'cleave%' ORDER BY 1`,
    )
    .pluck()
    .all();
  database.close();
  return rows;
}

test("applies what is missing, each once, and keeps the kernel's apart from the module's", () => {
  using folder = temporaryFolder();
  const kernel = [{ name: "0000_kernel", sql: "CREATE TABLE k (id INTEGER PRIMARY KEY) STRICT" }];
  expect(shapeAfter(folder.path, [first], kernel)).toEqual(["a.id", "k.id"]);
  expect(shapeAfter(folder.path, [first, second], kernel)).toEqual(["a.id", "a.note", "k.id"]);
  expect(shapeAfter(folder.path, [first, second], kernel)).toEqual(["a.id", "a.note", "k.id"]);
});

test("undoes every migration of a start when one of them fails", () => {
  using folder = temporaryFolder();
  expect(shapeAfter(folder.path, [first])).toEqual(["a.id"]);
  expect(() => shapeAfter(folder.path, [first, second, broken])).toThrow(
    /migration 0002_broken cannot be applied to .*: near "NONSENSE"/,
  );
  expect(shapeAfter(folder.path, [first])).toEqual(["a.id"]);
  expect(shapeAfter(folder.path, [first, second])).toEqual(["a.id", "a.note"]);
});

test.each(["COMMIT", "commit; BEGIN", "END TRANSACTION; BEGIN", "/* all */ ROLLBACK; BEGIN"])(
  "refuses a migration that ends the transaction of all by %j, and runs nothing of it",
  (end) => {
    using folder = temporaryFolder();
    const ending = { name: "0001_ending", sql: `CREATE TABLE b (id INTEGER) STRICT; ${end}` };
    expect(() => shapeAfter(folder.path, [first, ending])).toThrow(
      /migration 0001_ending cannot be applied to .*: it begins or ends a transaction, but all /,
    );
    expect(shapeAfter(folder.path, [first])).toEqual(["a.id"]);
  },
);

test("undoes those of the kernel as well when one of the module fails", () => {
  using folder = temporaryFolder();
  const kernel = [{ name: "0000_kernel", sql: "CREATE TABLE k (id INTEGER PRIMARY KEY) STRICT" }];
  expect(shapeAfter(folder.path, [first])).toEqual(["a.id"]);
  expect(() => shapeAfter(folder.path, [first, second, broken], kernel)).toThrow(
    /migration 0002_broken cannot be applied to .*: near "NONSENSE"/,
  );
  expect(shapeAfter(folder.path, [first])).toEqual(["a.id"]);
});

const edited = { name: "0000_initial", sql: `${first.sql}; SELECT 1` };
const renamed = { name: "0000_first", sql: first.sql };

test.each([
  [
    "is of a newer version",
    [first],
    "is of a newer version: it has the module migration 0001_more, which this program does not " +
      "know. Start the newer program, or restore an older copy of the data.",
  ],
  [
    "was migrated with SQL that was edited since",
    [edited, second],
    "was migrated with another module migration 0000_initial than the 0000_initial of this " +
      "program. Migrations are never edited: undo the edit and add a new one.",
  ],
  [
    "was migrated under another name",
    [renamed, second],
    "was migrated with another module migration 0000_initial than the 0000_first of this " +
      "program. Migrations are never edited: undo the edit and add a new one.",
  ],
])("refuses a database that %s, and leaves it as it is", (_what, migrations, sentence) => {
  using folder = temporaryFolder();
  const path = `${folder.path}/orders.db`;
  shapeAfter(folder.path, [first, second]);
  const before = readFileSync(path);
  const options = optionsOf(folder.path, migrations);
  const refusal = new StoreError(`${path} ${sentence}`);
  expect(() => claimDatabase(options)).toThrow(refusal);
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(() => openDatabase(options)).toThrow(refusal);
  expect(readFileSync(path).equals(before)).toBe(true);
  claimDatabase(optionsOf(folder.path, [first, second]))();
});
