import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { defineModule, handler, type Read, reads, type Write, writes } from "../../index.ts";
import { shelf } from "./contracts.ts";

const things = sqliteTable("thing", { name: text().primaryKey(), count: integer().notNull() });
const takings = sqliteTable("taking", {
  taker: text().primaryKey(),
  thing: text().notNull(),
  count: integer().notNull(),
});

const schema = { things, takings };
const read = reads(schema, (db) => ({
  thing: db
    .select()
    .from(things)
    .where(eq(things.name, sql.placeholder("name")))
    .prepare(),
  taking: db
    .select()
    .from(takings)
    .where(eq(takings.taker, sql.placeholder("taker")))
    .prepare(),
}));
const write = writes(schema, (db) => ({
  remove: db
    .update(things)
    .set({ count: sql`${things.count} - ${sql.placeholder("count")}` })
    .where(eq(things.name, sql.placeholder("name")))
    .prepare(),
  add: db
    .insert(things)
    .values({ name: sql.placeholder("name"), count: sql.placeholder("count") })
    .onConflictDoUpdate({
      target: things.name,
      set: { count: sql`${things.count} + excluded.count` },
    })
    .prepare(),
  take: db
    .insert(takings)
    .values({
      taker: sql.placeholder("taker"),
      thing: sql.placeholder("thing"),
      count: sql.placeholder("count"),
    })
    .prepare(),
  forget: db
    .delete(takings)
    .where(eq(takings.taker, sql.placeholder("taker")))
    .prepare(),
}));

const countOf = (on: Read, name: string) => read(on).thing.get({ name })?.count ?? 0;
const add = (tx: Write, name: string, count: number) => write(tx).add.run({ name, count });
const remove = (tx: Write, name: string, count: number) => write(tx).remove.run({ name, count });

/** The shelf, wired. */
export const shelfModule = defineModule({
  contract: shelf,
  schema,
  migrations: [
    {
      name: "0000_initial",
      sql: `
        CREATE TABLE thing (
          name TEXT PRIMARY KEY, count INTEGER NOT NULL CHECK (count >= 0)
        ) STRICT;
        CREATE TABLE taking (
          taker TEXT PRIMARY KEY, thing TEXT NOT NULL, count INTEGER NOT NULL
        ) STRICT;`,
    },
  ],
  handlers: {
    countOf: handler(shelf.countOf, ({ thing }, { read }) => ({ count: countOf(read, thing) })),
    echo: handler(shelf.echo, (input) => input),
    put: handler(shelf.put, ({ thing, count }, { transaction }) =>
      transaction((tx) => {
        add(tx, thing, count);
        return { count: countOf(tx, thing) };
      }),
    ),
    take: handler(shelf.take, ({ thing, taker, count }, { transaction, fail }) =>
      transaction((tx) => {
        const left = countOf(tx, thing);
        if (read(tx).taking.get({ taker }) !== undefined) return { count: left };
        write(tx).take.run({ taker, thing, count });
        tx.emit(shelf.taken, { thing, taker, left: left - count });
        if (left < count) throw fail("TOO_FEW", { thing, count: left });
        remove(tx, thing, count);
        return { count: left - count };
      }),
    ),
    putBack: handler(shelf.putBack, ({ taker }, { transaction }) =>
      transaction((tx) => {
        const taking = read(tx).taking.get({ taker });
        if (taking === undefined) return { count: 0 };
        add(tx, taking.thing, taking.count);
        write(tx).forget.run({ taker });
        return { count: taking.count };
      }),
    ),
    putLater: handler(shelf.putLater, ({ thing, atMs }, { transaction }) =>
      transaction((tx) => {
        tx.schedule(shelf.put, { thing, count: 1 }, { key: thing, atMs });
        return { planned: true };
      }),
    ),
    stumble: handler(shelf.stumble, () => {
      throw new RangeError("over a secret");
    }),
  },
});
