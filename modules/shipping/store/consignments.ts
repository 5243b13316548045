import { eq, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Line } from "../domain/shipment.ts";
import * as schema from "../schema.ts";
import { consignmentLines, consignments } from "../schema.ts";

const p = sql.placeholder;
const isOrder = eq(consignments.orderId, p("orderId"));

const read = reads(schema, { stablePlans: true }, (db) => ({
  state: db.select({ state: consignments.state }).from(consignments).where(isOrder).prepare(),
  heldAt: db
    .select({ heldAtMs: consignments.heldAtMs })
    .from(consignments)
    .where(isOrder)
    .prepare(),
  lines: db
    .select({ variantId: consignmentLines.variantId, quantity: consignmentLines.quantity })
    .from(consignmentLines)
    .where(eq(consignmentLines.orderId, p("orderId")))
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  open: db
    .insert(consignments)
    .values({
      orderId: p("orderId"),
      state: "open",
      optionId: p("optionId"),
      address: p("address"),
      atMs: p("atMs"),
    })
    .onConflictDoNothing()
    .prepare(),
  cancel: db
    .insert(consignments)
    .values({
      orderId: p("orderId"),
      state: "cancelled",
      cancelReason: p("reason"),
      atMs: p("atMs"),
    })
    .onConflictDoUpdate({
      target: consignments.orderId,
      set: { state: "cancelled", cancelReason: sql`excluded.cancel_reason`, heldAtMs: null },
      setWhere: eq(consignments.state, "open"),
    })
    .prepare(),
  setHeldAt: db
    .update(consignments)
    .set({ heldAtMs: sql`${p("heldAtMs")}` })
    .where(isOrder)
    .prepare(),
  addLine: db
    .insert(consignmentLines)
    .values({ orderId: p("orderId"), variantId: p("variantId"), quantity: p("quantity") })
    .prepare(),
  removeLines: db
    .delete(consignmentLines)
    .where(eq(consignmentLines.orderId, p("orderId")))
    .prepare(),
}));

/** Whether an order's fulfilment is open or cancelled; nothing when it never was opened. */
export function stateOf(on: Read, orderId: string) {
  return read(on).state.get({ orderId })?.state;
}

/** What an order asked for. */
export function orderedLines(on: Read, orderId: string): Line[] {
  return read(on).lines.all({ orderId });
}

/** Opens an order's consignment; false when it has one, open or cancelled. */
export function openConsignment(
  tx: Write,
  consignment: { orderId: string; optionId: string; address: string; atMs: number },
): boolean {
  return write(tx).open.run(consignment).changes === 1;
}

/**
 * Cancels an order's consignment, or leaves the mark that refuses one; false when it is
 * cancelled.
 */
export function cancelConsignment(
  tx: Write,
  cancelled: { orderId: string; reason: string; atMs: number },
): boolean {
  return write(tx).cancel.run(cancelled).changes === 1;
}

/** Reports whether a cancellation of an order's fulfilment waits for a dispatch to end. */
export function isHeld(on: Read, orderId: string): boolean {
  return (read(on).heldAt.get({ orderId })?.heldAtMs ?? null) !== null;
}

/** Has no further dispatch of an order begin, or with null lets them begin again. */
export function setHeldAt(tx: Write, orderId: string, heldAtMs: number | null): void {
  write(tx).setHeldAt.run({ orderId, heldAtMs });
}

/** Replaces what an order asks for, after the rest of it was cancelled. */
export function setOrderedLines(tx: Write, orderId: string, lines: readonly Line[]): void {
  write(tx).removeLines.run({ orderId });
  for (const line of lines) addOrderedLine(tx, orderId, line);
}

export function addOrderedLine(tx: Write, orderId: string, line: Line): void {
  write(tx).addLine.run({ orderId, ...line });
}
