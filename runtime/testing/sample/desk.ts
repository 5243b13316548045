import { eq, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import {
  declareUses,
  defineModule,
  handler,
  isDeclared,
  reaction,
  reads,
  SagaRefusal,
  t,
  type Write,
  waitUntil,
  writes,
} from "../../index.ts";
import { desk, shelf } from "./contracts.ts";

const orders = sqliteTable("desk_order", { id: text().primaryKey(), state: text().notNull() });
const sightings = sqliteTable("sighting", {
  thing: text().primaryKey(),
  times: integer().notNull(),
});

const schema = { orders, sightings };
const read = reads(schema, (db) => ({
  order: db
    .select()
    .from(orders)
    .where(eq(orders.id, sql.placeholder("id")))
    .prepare(),
  sightings: db.select().from(sightings).prepare(),
}));
const write = writes(schema, (db) => ({
  setState: db
    .insert(orders)
    .values({ id: sql.placeholder("id"), state: sql.placeholder("state") })
    .onConflictDoUpdate({ target: orders.id, set: { state: sql`excluded.state` } })
    .prepare(),
  see: db
    .insert(sightings)
    .values({ thing: sql.placeholder("thing"), times: 1 })
    .onConflictDoUpdate({ target: sightings.thing, set: { times: sql`${sightings.times} + 1` } })
    .prepare(),
}));
const setState = (tx: Write, id: string, state: string) => write(tx).setState.run({ id, state });

const calling = declareUses([shelf.countOf, shelf.put, shelf.putBack, shelf.take]);

/**
 * Takes the thing, waits for the signature if it is to be signed, takes the paper, and is
 * ordered.
 */
export const placeDeskOrder = calling
  .saga("desk.place-order", {
    version: 1,
    input: t.Object({
      orderId: t.String(),
      thing: t.String(),
      count: t.Integer(),
      paper: t.String(),
    }),
    deadlineMs: 60_000,
  })
  .step("take-thing", {
    run: ({ id, input: { thing, count }, call }) =>
      call(shelf.take, { thing, taker: `${id}-thing`, count }),
    compensate: ({ id, call }) => call(shelf.putBack, { taker: `${id}-thing` }),
  })
  .step("await-signature", {
    run: async ({ id, input, late, now, call }) => {
      if (input.paper !== "to-sign") return { signed: false };
      const { count } = await call(shelf.countOf, { thing: `signature-${id}` });
      if (count > 0) return { signed: true };
      if (late) throw new SagaRefusal("UNSIGNED");
      return waitUntil(now() + 30_000);
    },
  })
  .step("take-paper", {
    run: ({ id, input: { paper }, call }) =>
      call(shelf.take, { thing: paper, taker: `${id}-paper`, count: 1 }),
    compensate: ({ id, call }) => call(shelf.putBack, { taker: `${id}-paper` }),
  })
  .pivot("ordered", (tx, { id, done }) => {
    setState(tx, id, `ordered, ${done["take-thing"].count} left`);
    tx.emit(desk.ordered, { orderId: id });
  })
  .step("count-again", {
    run: ({ input: { thing }, call }) => call(shelf.countOf, { thing }),
  })
  .ending((tx, { id, outcome, failure }) => {
    if (outcome === "compensated") setState(tx, id, `refused: ${failure?.code}`);
  });

/** The desk, wired. */
export const deskModule = defineModule({
  contract: desk,
  uses: calling.uses,
  sagas: [placeDeskOrder],
  reactions: [
    reaction(shelf.taken, (tx, { thing }) => {
      if (thing === "cursed") throw new Error("It bites.");
      write(tx).see.run({ thing });
    }),
  ],
  schema,
  migrations: [
    {
      name: "0000_initial",
      sql: `CREATE TABLE desk_order (id TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT;
            CREATE TABLE sighting (thing TEXT PRIMARY KEY, times INTEGER NOT NULL) STRICT;`,
    },
  ],
  handlers: {
    order: handler(desk.order, (input, { transaction }) =>
      transaction((tx) => {
        setState(tx, input.orderId, "pending");
        tx.start(placeDeskOrder, input.orderId, input);
        return { orderId: input.orderId };
      }),
    ),
    sign: calling.handler(desk.sign, async ({ orderId }, { call, transaction }) => {
      await call(shelf.put, { thing: `signature-${orderId}`, count: 1 });
      return transaction((tx) => {
        tx.wake(placeDeskOrder, orderId);
        return { orderId };
      });
    }),
    orderState: handler(desk.orderState, async ({ orderId, waitMs = 0 }, { read: on, settled }) => {
      await settled(placeDeskOrder, orderId, waitMs);
      return { state: read(on).order.get({ id: orderId })?.state ?? "unknown" };
    }),
    sightings: handler(desk.sightings, (_input, { read: on }) =>
      Object.fromEntries(
        read(on)
          .sightings.all()
          .map(({ thing, times }) => [thing, times]),
      ),
    ),
    tryToTake: calling.handler(desk.tryToTake, async ({ thing }, context) => {
      const got = await context
        .call(shelf.take, { thing, taker: "desk", count: 1 })
        .then(({ count }) => ({ got: true, left: count }))
        .catch((error: unknown) => {
          if (!isDeclared(error, shelf.take, "TOO_FEW")) throw error;
          return { got: false, left: error.data.count };
        });
      return context.transaction(() => got);
    }),
  },
});
