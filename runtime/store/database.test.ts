import { expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { connection, kernelStatements, reads } from "./connection.ts";
import { claimDatabase, openDatabase } from "./database.ts";

const migrations = {
  module: [{ name: "0000_initial", sql: "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT" }],
};
const optionsOf = (folder: string, module = "orders") => {
  return { module, folder, migrations, environment: virtualEnvironment() };
};

test("keeps synchronous=FULL, WAL and foreign keys on every open", () => {
  using folder = temporaryFolder();
  for (const _open of ["first", "again"]) {
    const database = openDatabase(optionsOf(folder.path));
    const { sqlite } = database[connection];
    expect(sqlite.pragma("synchronous", { simple: true })).toBe(2);
    expect(sqlite.pragma("journal_mode", { simple: true })).toBe("wal");
    expect(sqlite.pragma("foreign_keys", { simple: true })).toBe(1);
    expect(sqlite.pragma("trusted_schema", { simple: true })).toBe(0);
    database.close();
  }
});

test("prepares a set of statements once for each connection, when it is first used", () => {
  using folder = temporaryFolder();
  const table = sqliteTable("a", { id: integer().primaryKey() });
  let built = 0;
  const read = reads((db) => {
    built += 1;
    const byId = eq(table.id, sql.placeholder("id"));
    return { one: db.select().from(table).where(byId).prepare() };
  });
  const count = kernelStatements((sqlite) => {
    built += 1;
    return sqlite.prepare("SELECT count(*) FROM a").pluck();
  });
  const orders = openDatabase(optionsOf(folder.path));
  const payments = openDatabase(optionsOf(folder.path, "payments"));
  expect(built).toBe(0);
  for (let index = 0; index < 3; index++) {
    expect(read(orders).one.get({ id: 1 })).toBeUndefined();
    expect(count(orders).get()).toBe(0);
  }
  expect(built).toBe(2);
  expect(read(orders)).toBe(read(orders));
  expect(read(payments)).not.toBe(read(orders));
  expect(built).toBe(3);
  orders.close();
  payments.close();
});

test("is claimed by one at a time, before there is a database and after", () => {
  using folder = temporaryFolder();
  const release = claimDatabase(optionsOf(folder.path));
  expect(() => claimDatabase(optionsOf(folder.path))).toThrow(/is owned by another process/);
  openDatabase(optionsOf(folder.path)).close();
  expect(() => claimDatabase(optionsOf(folder.path))).toThrow(/is owned by another process/);
  release();
  claimDatabase(optionsOf(folder.path))();
});
