import { and, desc, eq, isNotNull, lt, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import {
  assertOrderMove,
  type OrderMove,
  type OrderStatus,
  type Rejection,
  type Snapshot,
  type TimelineEntry,
} from "../domain/order.ts";
import * as schema from "../schema.ts";
import { orders } from "../schema.ts";

const at = sql.placeholder;
const numberBeforeFirst = 100_000;

/** The columns that tell how an order stands, without its snapshot. */
const standing = {
  number: orders.number,
  orderId: orders.orderId,
  cartId: orders.cartId,
  status: orders.status,
  owner: orders.owner,
  email: orders.email,
  total: orders.total,
  currency: orders.currency,
  refunded: orders.refunded,
  abandoned: orders.abandoned,
  delivered: orders.delivered,
  rejection: orders.rejection,
};
const listed = {
  number: orders.number,
  orderId: orders.orderId,
  status: orders.status,
  total: orders.total,
  currency: orders.currency,
  placedAtMs: orders.placedAtMs,
};
const newest = sql`coalesce(max(${orders.number}), ${numberBeforeFirst})`;
const nextNumber = sql`(SELECT ${newest} + 1 FROM ${orders})`;
const appended = sql`json_insert(${orders.timeline}, '$[#]', json(${at("entry")}))`;

const read = reads(schema, { stablePlans: true }, (db) => ({
  byId: db
    .select()
    .from(orders)
    .where(eq(orders.orderId, at("orderId")))
    .prepare(),
  standing: db
    .select(standing)
    .from(orders)
    .where(eq(orders.orderId, at("orderId")))
    .prepare(),
  ofOwner: db
    .select(listed)
    .from(orders)
    .where(
      and(isNotNull(orders.owner), eq(orders.owner, at("owner")), lt(orders.number, at("before"))),
    )
    .orderBy(desc(orders.number))
    .limit(at("limit"))
    .prepare(),
  all: db
    .select(listed)
    .from(orders)
    .where(lt(orders.number, at("before")))
    .orderBy(desc(orders.number))
    .limit(at("limit"))
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  insert: db
    .insert(orders)
    .values({
      number: nextNumber,
      orderId: at("orderId"),
      cartId: at("cartId"),
      status: "pending",
      owner: at("owner"),
      email: at("email"),
      total: at("total"),
      currency: at("currency"),
      refunded: 0,
      abandoned: 0,
      delivered: 0,
      placedAtMs: at("placedAtMs"),
      timeline: at("timeline"),
      snapshot: at("snapshot"),
    })
    .returning({ number: orders.number })
    .prepare(),
  move: db
    .update(orders)
    .set({
      status: sql`${at("to")}`,
      rejection: sql`${at("rejection")}`,
      timeline: appended,
    })
    .where(and(eq(orders.orderId, at("orderId")), eq(orders.status, at("from"))))
    .returning({ ...standing, snapshot: orders.snapshot })
    .prepare(),
  note: db
    .update(orders)
    .set({ timeline: appended })
    .where(eq(orders.orderId, at("orderId")))
    .prepare(),
  refunded: db
    .update(orders)
    .set({ refunded: sql`${orders.refunded} + ${at("amount")}`, timeline: appended })
    .where(eq(orders.orderId, at("orderId")))
    .returning({ number: orders.number, email: orders.email })
    .prepare(),
  setRefunded: db
    .update(orders)
    .set({ refunded: sql`${at("total")}` })
    .where(eq(orders.orderId, at("orderId")))
    .prepare(),
  abandon: db
    .update(orders)
    .set({ abandoned: 1, timeline: appended })
    .where(
      and(eq(orders.orderId, at("orderId")), eq(orders.status, "pending"), eq(orders.abandoned, 0)),
    )
    .prepare(),
  deliver: db
    .update(orders)
    .set({ delivered: 1, timeline: appended })
    .where(and(eq(orders.orderId, at("orderId")), eq(orders.delivered, 0)))
    .returning({ status: orders.status })
    .prepare(),
}));

/** How an order stands, without what was bought. */
export type Standing = Omit<typeof orders.$inferSelect, "snapshot" | "timeline" | "placedAtMs">;

export interface StoredOrder extends Omit<typeof orders.$inferSelect, "snapshot" | "timeline"> {
  readonly snapshot: Snapshot;
  readonly timeline: TimelineEntry[];
}

/** A line for the timeline. `by` is "customer", "staff" or the module that reported it. */
interface Entry {
  readonly what: string;
  readonly by: string;
  readonly atMs: number;
}

export function standingOf(on: Read, orderId: string): Standing | undefined {
  return read(on).standing.get({ orderId });
}

export function orderById(on: Read, orderId: string): StoredOrder | undefined {
  const row = read(on).byId.get({ orderId });
  return row === undefined ? undefined : opened(row);
}

/** Parses what is kept as JSON. */
export function opened(row: typeof orders.$inferSelect): StoredOrder {
  const snapshot: Snapshot = JSON.parse(row.snapshot);
  const timeline: TimelineEntry[] = JSON.parse(row.timeline);
  return { ...row, snapshot, timeline };
}

/** Orders with a number below `before`, newest first: of one owner, or everybody's. */
export function ordersBefore(
  on: Read,
  page: { owner: string | null; before: number; limit: number },
) {
  if (page.owner === null) return read(on).all.all(page);
  return read(on).ofOwner.all(page);
}

/** Writes a new order, pending, and gives it the next number. */
export function addOrder(
  tx: Write,
  order: {
    orderId: string;
    cartId: string;
    owner: string | null;
    email: string;
    snapshot: Snapshot;
    placedAtMs: number;
  },
): number {
  const { amount, currency } = order.snapshot.totals.total;
  const first: Entry = { what: "pending", by: "customer", atMs: order.placedAtMs };
  const row = write(tx).insert.get({
    ...order,
    total: amount,
    currency,
    timeline: JSON.stringify([first]),
    snapshot: JSON.stringify(order.snapshot),
  });
  return row.number;
}

/**
 * Moves an order's status, with its line in the timeline, in one statement. Returns undefined,
 * having changed nothing, when the order is not in `from`; throws when no order may move so.
 */
export function moveOrder(
  tx: Write,
  orderId: string,
  move: OrderMove & { by: string; atMs: number; rejection?: Rejection },
): (Standing & { snapshot: Snapshot }) | undefined {
  assertOrderMove(move);
  const { from, to, by, atMs, rejection } = move;
  const row = write(tx).move.get({
    orderId,
    from,
    to,
    rejection: rejection === undefined ? null : JSON.stringify(rejection),
    entry: entry({ what: to, by, atMs }),
  });
  // A RETURNING statement that matched nothing gives undefined, which its type does not say.
  const moved: typeof row | undefined = row;
  if (moved === undefined) return undefined;
  const snapshot: Snapshot = JSON.parse(moved.snapshot);
  return { ...moved, snapshot };
}

/** Adds a line to an order's timeline. */
export function note(tx: Write, orderId: string, line: Entry): void {
  write(tx).note.run({ orderId, entry: entry(line) });
}

/** Records that money went back. Returns undefined when there is no such order. */
export function addRefunded(
  tx: Write,
  orderId: string,
  refund: { amount: number; atMs: number },
): { number: number; email: string } | undefined {
  const line = { what: "refunded", by: "payments", atMs: refund.atMs };
  return write(tx).refunded.get({ orderId, amount: refund.amount, entry: entry(line) });
}

/** Sets how much went back of an order in all, as payments counts it. */
export function setRefunded(tx: Write, orderId: string, total: number): void {
  write(tx).setRefunded.run({ orderId, total });
}

/** Marks a pending order as given up by its customer; false when that changed nothing. */
export function abandonOrder(tx: Write, orderId: string, atMs: number): boolean {
  const line = { what: "abandoned", by: "customer", atMs };
  return write(tx).abandon.run({ orderId, entry: entry(line) }).changes === 1;
}

/** Marks an order delivered and returns its status; undefined when it was marked already. */
export function markDelivered(tx: Write, orderId: string, atMs: number): OrderStatus | undefined {
  const line = { what: "delivered", by: "shipping", atMs };
  const row: { status: OrderStatus } | undefined = write(tx).deliver.get({
    orderId,
    entry: entry(line),
  });
  return row?.status;
}

function entry(line: Entry): string {
  return JSON.stringify(line);
}
