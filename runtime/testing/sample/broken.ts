import { sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { reads, type Write, writes } from "../../index.ts";

const missing = sqliteTable("missing", { number: integer().notNull() });
const numbers = sqliteTable("number", { number: integer().primaryKey() });
const read = reads((db) => ({ missing: db.select().from(missing).prepare() }));
const write = writes((db) => ({
  add: db
    .insert(numbers)
    .values({ number: sql.placeholder("number") })
    .prepare(),
}));

/** Bugs as a command may have them, each with the error that comes of it. */
export const broken: Readonly<Record<string, (tx: Write) => void>> = {
  "null is not an object": () => void Object.keys(JSON.parse("null")),
  "no such table: missing": (tx) => void read(tx).missing.all(),
  "UNIQUE constraint failed: number.number"(tx) {
    for (const number of [1, 1]) write(tx).add.run({ number });
  },
};

/** The table that they are run over. */
export const brokenSql = "CREATE TABLE number (number INTEGER PRIMARY KEY) STRICT;";
