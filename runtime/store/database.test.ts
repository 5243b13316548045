import { expect, test } from "bun:test";
import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { connection, kernelStatements, reads, writes } from "./connection.ts";
import { claimDatabase, openDatabase, openForReading } from "./database.ts";

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

test("prepares all statements once for each database, when it is opened", () => {
  using folder = temporaryFolder();
  const table = sqliteTable("a", { id: integer().primaryKey() });
  const schema = { table };
  let built = 0;
  const read = reads(schema, (db) => {
    built += 1;
    const byId = eq(table.id, sql.placeholder("id"));
    return { one: db.select().from(table).where(byId).prepare() };
  });
  const write = writes(schema, (db) => {
    built += 1;
    return { empty: db.delete(table).prepare() };
  });
  const count = kernelStatements((sqlite) => {
    built += 1;
    return sqlite.prepare("SELECT count(*) FROM a").pluck();
  });
  const orders = openDatabase({ ...optionsOf(folder.path), schema });
  expect(built).toBe(3);
  const payments = openDatabase({ ...optionsOf(folder.path, "payments"), schema });
  // The kernel's was prepared on the same kernel's tables before, and waits for its first use.
  expect(built).toBe(5);
  for (let index = 0; index < 3; index++) {
    expect(read(orders).one.get({ id: 1 })).toBeUndefined();
    expect(count(orders).get()).toBe(0);
  }
  expect(count(payments).get()).toBe(0);
  expect(built).toBe(6);
  expect(read(payments)).not.toBe(read(orders));
  const replica = openForReading({ ...optionsOf(folder.path), schema });
  expect(built).toBe(7);
  replica.close();
  // What is prepared before a transaction is kept within one all the same.
  expect(() => write(orders).empty.run()).toThrow(/was run when its transaction had ended/);
  expect(built).toBe(7);
  orders.close();
  payments.close();
});

test("statements over another schema than the module's are refused", () => {
  using folder = temporaryFolder();
  const schema = {};
  const stray = reads({}, () => ({}));
  const database = openDatabase({ ...optionsOf(folder.path), schema });
  expect(() => stray(database)).toThrow(
    'orders.db, whose module has another schema. Give `reads` and `writes` the same object as "',
  );
  database.close();
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
