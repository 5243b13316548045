import { sql } from "drizzle-orm";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { reads, type Write, writes } from "../../index.ts";

const missing = sqliteTable("missing", { number: integer().notNull() });
const numbers = sqliteTable("number", { number: integer().primaryKey() });
/** The table that they are run over. */
export const brokenSchema = { numbers };

const read = reads(brokenSchema, (db) => ({ missing: () => db.select().from(missing).all() }));
const write = writes(brokenSchema, (db) => ({
  add: db
    .insert(numbers)
    .values({ number: sql.placeholder("number") })
    .prepare(),
}));

/** Bugs as a command may have them, each with the error that comes of it. */
export const broken: Readonly<Record<string, (tx: Write) => void>> = {
  "null is not an object": () => void Object.keys(JSON.parse("null")),
  "no such table: missing": (tx) => void read(tx).missing(),
  "UNIQUE constraint failed: number.number"(tx) {
    for (const number of [1, 1]) write(tx).add.run({ number });
  },
};

/** What makes it. */
export const brokenSql = "CREATE TABLE number (number INTEGER PRIMARY KEY) STRICT;";
