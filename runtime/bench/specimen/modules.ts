import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { declareUses, defineModule, handler, type InputOf, writes } from "../../index.ts";
import { buying, ledger, pricing } from "./contracts.ts";
import { CALLS_A_TURN, order, totalOf, turn } from "./order.ts";

/** Called with an order, answers with its total. */
export const pricingModule = pricingWithin(0);

/** The same, but it takes its time. */
export function pricingWithin(delayMs: number) {
  return defineModule({
    contract: pricing,
    handlers: {
      totalOf: handler(pricing.totalOf, (input) =>
        delayMs === 0 ? priced(input) : Bun.sleep(delayMs).then(() => priced(input)),
      ),
    },
    migrations: [],
  });
}

function priced({ orderId, currency, lines }: InputOf<typeof pricing.totalOf>) {
  return { orderId, total: { amount: totalOf(lines), currency } };
}

const asker = declareUses([pricing.totalOf]);

/** Calls the other module, in a loop, and times it. */
export const buyingModule = defineModule({
  contract: buying,
  uses: asker.uses,
  handlers: {
    askTotals: asker.handler(buying.askTotals, async ({ count }, { call }) => {
      const startedMs = performance.now();
      for (let index = 0; index < count; index++) {
        await call(pricing.totalOf, order);
        if (index % CALLS_A_TURN === 0) await turn();
      }
      return { elapsedMs: performance.now() - startedMs };
    }),
  },
  migrations: [],
});

/** The tables of the ledger, which the yardstick has too. */
export const ledgerTables = `
CREATE TABLE account (id TEXT PRIMARY KEY, balance INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE entry (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL, note TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;`;

const accounts = sqliteTable("account", {
  id: text("id").primaryKey(),
  balance: integer("balance").notNull(),
});
const entries = sqliteTable("entry", {
  id: text("id").primaryKey(),
  account: text("account").notNull(),
  amount: integer("amount").notNull(),
  note: text("note").notNull(),
  atMs: integer("at_ms").notNull(),
});
const schema = { accounts, entries };
const placeholder = sql.placeholder;

const write = writes(schema, (db) => ({
  enter: db
    .insert(entries)
    .values({
      id: placeholder("id"),
      account: placeholder("account"),
      amount: placeholder("amount"),
      note: placeholder("note"),
      atMs: placeholder("atMs"),
    })
    .prepare(),
  move: db
    .insert(accounts)
    .values({ id: placeholder("account"), balance: placeholder("amount") })
    .onConflictDoUpdate({
      target: accounts.id,
      set: { balance: sql`balance + excluded.balance` },
    })
    .prepare(),
  balance: db
    .select({ balance: accounts.balance })
    .from(accounts)
    .where(eq(accounts.id, placeholder("account")))
    .prepare(),
}));

/** Books entries: one row, one counter, one event, one stored answer. */
export const ledgerModule = defineModule({
  contract: ledger,
  handlers: {
    book: handler(ledger.book, ({ account, amount, note }, { transaction }) =>
      transaction((tx) => {
        const entryId = tx.newId("ent");
        write(tx).enter.run({ id: entryId, account, amount, note, atMs: tx.now });
        write(tx).move.run({ account, amount });
        const balance = write(tx).balance.get({ account })?.balance ?? 0;
        tx.emit(ledger.booked, { entryId, account, amount });
        return { entryId, balance };
      }),
    ),
  },
  schema,
  migrations: [{ name: "0000_initial", sql: ledgerTables }],
});
