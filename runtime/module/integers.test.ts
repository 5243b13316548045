import { expect, test } from "bun:test";
import { integer, sqliteTable } from "drizzle-orm/sqlite-core";
import { command, contract, defineModule, event, handler, query, reads, t } from "../index.ts";
import { place, placements } from "../testing/place.ts";

const counters = sqliteTable("counter", { value: integer().notNull() });
const schema = { counters };
const read = reads(schema, (db) => ({ all: db.select().from(counters).prepare() }));

const Count = t.Object({ count: t.Integer() });
const meter = contract("meter", {
  /** The greatest count. */
  shown: query({ input: t.Object({}), output: Count }),
  /** Tells the greatest count to everybody. */
  tell: command({ input: t.Object({}), output: t.Object({}) }),
  /** Gives back the greatest count as a refusal. */
  refuse: command({ input: t.Object({}), output: t.Object({}), errors: { TOO_HIGH: Count } }),
  told: event(1, Count),
});
const meterModule = (text: string) =>
  defineModule({
    contract: meter,
    schema,
    migrations: [
      {
        name: "0000_counter",
        sql: `CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
          INSERT INTO counter VALUES (${text});`,
      },
    ],
    handlers: {
      shown: handler(meter.shown, (_input, context) => ({ count: greatest(context.read) })),
      tell: handler(meter.tell, (_input, { transaction }) =>
        transaction((tx) => {
          tx.emit(meter.told, { count: greatest(tx) });
          return {};
        }),
      ),
      refuse: handler(meter.refuse, (_input, context) => {
        throw context.fail("TOO_HIGH", { count: greatest(context.read) });
      }),
    },
  });

function greatest(on: Parameters<typeof read>[0]): number {
  return read(on).all.all()[0]?.value ?? 0;
}

const rows = placements.flatMap((placement) =>
  ["9007199254740993", "9223372036854775807", "-9007199254740993"].map((text) => ({
    placement,
    text,
  })),
);

test.each(rows)("$placement a counter of $text is refused, not rounded", async (row) => {
  await using shop = await place(row.placement, [meterModule(row.text)]);
  for (const procedure of [meter.shown, meter.tell, meter.refuse]) {
    await expect(shop.call(procedure, {})).rejects.toMatchObject({
      name: "Defect",
      message: expect.stringContaining("fit its contract"),
    });
  }
  expect(shop.events).toEqual([]);
});

test.each(placements)("%s the greatest exact counter is shown", async (placement) => {
  await using shop = await place(placement, [meterModule("9007199254740991")]);
  expect(await shop.call(meter.shown, {})).toEqual({ count: 9_007_199_254_740_991 });
});
