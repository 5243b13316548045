import { and, count, eq, sql, sum } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import { type RefundState, refundMoves } from "../domain/refund.ts";
import * as schema from "../schema.ts";
import { refunds } from "../schema.ts";

const at = sql.placeholder;

const read = reads(schema, (db) => ({
  byId: db
    .select()
    .from(refunds)
    .where(eq(refunds.refundId, at("refundId")))
    .prepare(),
  count: db
    .select({ count: count() })
    .from(refunds)
    .where(eq(refunds.orderId, at("orderId")))
    .prepare(),
  requested: db
    .select({ amount: sum(refunds.amount).mapWith(Number) })
    .from(refunds)
    .where(and(eq(refunds.orderId, at("orderId")), eq(refunds.state, "requested")))
    .prepare(),
}));

const write = writes(schema, (db) => ({
  insert: db
    .insert(refunds)
    .values({
      refundId: at("refundId"),
      orderId: at("orderId"),
      amount: at("amount"),
      currency: at("currency"),
      reason: at("reason"),
      state: "requested",
      requestedAtMs: at("requestedAtMs"),
    })
    .prepare(),
  settle: db
    .update(refunds)
    .set({ state: sql`${at("to")}` })
    .where(and(eq(refunds.refundId, at("refundId")), eq(refunds.state, at("from"))))
    .prepare(),
}));

export type Refund = typeof refunds.$inferSelect;

export function refundById(on: Read, refundId: string): Refund | undefined {
  return read(on).byId.get({ refundId });
}

/** How many refunds were asked for on an order, failed ones among them. */
export function countOf(on: Read, orderId: string): number {
  return read(on).count.get({ orderId })?.count ?? 0;
}

/** What is asked for on an order and not decided yet, in minor units. */
export function requestedOf(on: Read, orderId: string): number {
  return read(on).requested.get({ orderId })?.amount ?? 0;
}

export function addRefund(tx: Write, refund: Omit<Refund, "state">): void {
  write(tx).insert.run(refund);
}

/** Decides a refund; false, having changed nothing, when it is decided so or for good already. */
export function settleRefund(tx: Write, refund: Refund, to: RefundState): boolean {
  if (!refundMoves[refund.state].includes(to)) return false;
  return write(tx).settle.run({ refundId: refund.refundId, from: refund.state, to }).changes === 1;
}
