import { max, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  declareUses,
  defineModule,
  handler,
  reaction,
  reads,
  type Transaction,
  writes,
} from "../../index.ts";
import { pricing } from "../specimen/contracts.ts";
import { order } from "../specimen/order.ts";
import {
  asking,
  bareAsking,
  bareHearing,
  barePricing,
  bareTelling,
  hearing,
  telling,
} from "./contracts.ts";
import { drive, pace } from "./drive.ts";

const PACED_DEADLINE_MS = 3_000;
const LOOK_EVERY_MS = 2;

const asker = declareUses([pricing.totalOf]);

/** Calls pricing in loops, and times them. */
export const askingModule = defineModule({
  contract: asking,
  uses: asker.uses,
  handlers: {
    askMany: asker.handler(asking.askMany, (load, { call }) =>
      drive(load, () => call(pricing.totalOf, order)),
    ),
    askAtRate: asker.handler(asking.askAtRate, (load, { call }) =>
      pace(load, () => call(pricing.totalOf, order, { deadlineMs: PACED_DEADLINE_MS })),
    ),
  },
  migrations: [],
});

/** The table on either side, which the yardstick has too. */
export const entryTable = `
CREATE TABLE entry (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL
) STRICT;`;

const entries = sqliteTable("entry", {
  number: integer("number").primaryKey(),
  id: text("id").notNull(),
  account: text("account").notNull(),
  amount: integer("amount").notNull(),
});
const schema = { entries };
const { placeholder } = sql;
const migrations = [{ name: "0000_initial", sql: entryTable }];

const write = writes(schema, (db) => ({
  enter: db
    .insert(entries)
    .values({
      id: placeholder("entryId"),
      account: placeholder("account"),
      amount: placeholder("amount"),
    })
    .prepare(),
}));
const read = reads(schema, (db) => ({
  last: db
    .select({ number: max(entries.number) })
    .from(entries)
    .prepare(),
}));

/** Commits rows, each with an event, so many in one transaction. */
export const tellingModule = defineModule({
  contract: telling,
  handlers: {
    tellMany: handler(telling.tellMany, async ({ count, aTime }, { intent, transaction, now }) => {
      const startedAtMs = now();
      for (let told = aTime; told < count; told += aTime) await intent((tx) => tell(tx, aTime));
      return transaction((tx) => {
        tell(tx, aTime);
        return { startedAtMs };
      });
    }),
  },
  schema,
  migrations,
});

function tell(tx: Transaction, count: number): void {
  for (let index = 0; index < count; index++) {
    const entry = { entryId: tx.newId("ent"), account: `acc-${index % 100}`, amount: 7 };
    write(tx).enter.run(entry);
    tx.emit(telling.told, entry);
  }
}

/** Its effect of an event is one row. */
export const hearingModule = defineModule({
  contract: hearing,
  handlers: {
    heard: handler(hearing.heard, async ({ count }, { read: on, now }) => {
      while ((read(on).last.get()?.number ?? 0) < count) await Bun.sleep(LOOK_EVERY_MS);
      return { atMs: now() };
    }),
  },
  reactions: [reaction(telling.told, (tx, entry) => void write(tx).enter.run(entry))],
  schema,
  migrations,
});

/** What gives the bare sides the users, permissions and streams that they need, and no more. */
export const bareModules = [
  defineModule({
    contract: barePricing,
    handlers: { totalOf: handler(barePricing.totalOf, () => ({})) },
    migrations: [],
  }),
  defineModule({
    contract: bareAsking,
    uses: [barePricing.totalOf],
    handlers: {},
    migrations: [],
  }),
  defineModule({ contract: bareTelling, handlers: {}, migrations: [] }),
  defineModule({
    contract: bareHearing,
    handlers: {},
    reactions: [reaction(bareTelling.told, () => {})],
    migrations: [],
  }),
];
