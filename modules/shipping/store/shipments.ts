import { and, asc, eq, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Line, Shipment, ShipmentState } from "../domain/shipment.ts";
import * as schema from "../schema.ts";
import { consignmentLines, shipmentLines, shipments } from "../schema.ts";

/** Findings of an audit, at most. */
const FINDINGS_MAX = 100;
const p = sql.placeholder;
const isShipment = eq(shipments.shipmentId, p("shipmentId"));
const isOfOrder = eq(shipments.orderId, p("orderId"));
const columns = {
  shipmentId: shipments.shipmentId,
  orderId: shipments.orderId,
  state: shipments.state,
  carrier: shipments.carrier,
  trackingNumber: shipments.trackingNumber,
  failure: shipments.failure,
  dispatches: shipments.dispatches,
};
const line = { variantId: shipmentLines.variantId, quantity: shipmentLines.quantity };

const read = reads(schema, { stablePlans: true }, (db) => ({
  shipment: db.select(columns).from(shipments).where(isShipment).prepare(),
  ofOrder: db
    .select(columns)
    .from(shipments)
    .where(isOfOrder)
    .orderBy(asc(shipments.shipmentId))
    .prepare(),
  ofRef: db
    .select(columns)
    .from(shipments)
    .where(and(isOfOrder, sql`coalesce(${shipments.ref}, '') = ${p("ref")}`))
    .prepare(),
  lines: db
    .select(line)
    .from(shipmentLines)
    .where(eq(shipmentLines.shipmentId, p("shipmentId")))
    .prepare(),
  linesOfOrder: db
    .select({ ...line, state: shipments.state })
    .from(shipments)
    .innerJoin(shipmentLines, eq(shipmentLines.shipmentId, shipments.shipmentId))
    .where(isOfOrder)
    .prepare(),
  overshipped: db
    .select({
      orderId: shipments.orderId,
      variantId: shipmentLines.variantId,
      quantity: sql<number>`sum(${shipmentLines.quantity})`,
      ordered: sql<number>`coalesce(${consignmentLines.quantity}, 0)`,
    })
    .from(shipments)
    .innerJoin(shipmentLines, eq(shipmentLines.shipmentId, shipments.shipmentId))
    .leftJoin(
      consignmentLines,
      and(
        eq(consignmentLines.orderId, shipments.orderId),
        eq(consignmentLines.variantId, shipmentLines.variantId),
      ),
    )
    .where(sql`${shipments.state} <> 'cancelled'`)
    .groupBy(shipments.orderId, shipmentLines.variantId)
    .having(sql`sum(${shipmentLines.quantity}) > coalesce(${consignmentLines.quantity}, 0)`)
    .limit(FINDINGS_MAX)
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  add: db
    .insert(shipments)
    .values({
      shipmentId: p("shipmentId"),
      orderId: p("orderId"),
      ref: p("ref"),
      state: "pending",
      dispatches: 0,
    })
    .prepare(),
  addLine: db
    .insert(shipmentLines)
    .values({
      shipmentId: p("shipmentId"),
      variantId: p("variantId"),
      quantity: p("quantity"),
    })
    .prepare(),
  move: db
    .update(shipments)
    .set({ state: sql`${p("state")}` })
    .where(isShipment)
    .prepare(),
  request: db
    .update(shipments)
    .set({
      state: "ship_requested",
      carrier: sql`${p("carrier")}`,
      trackingNumber: sql`${p("trackingNumber")}`,
      failure: null,
      dispatches: sql`${shipments.dispatches} + 1`,
    })
    .where(isShipment)
    .prepare(),
  fail: db
    .update(shipments)
    .set({ state: "packed", failure: sql`${p("failure")}` })
    .where(isShipment)
    .prepare(),
}));

export function shipmentById(on: Read, shipmentId: string): Shipment | undefined {
  return read(on).shipment.get({ shipmentId });
}

/** The shipments of an order, oldest first: their ids rise with time. */
export function shipmentsOf(on: Read, orderId: string): Shipment[] {
  return read(on).ofOrder.all({ orderId });
}

/** The shipment that was made under a ref; the opening one has none. */
export function shipmentOfRef(on: Read, orderId: string, ref: string | null) {
  return read(on).ofRef.get({ orderId, ref: ref ?? "" });
}

/** A shipment as others see it, with its lines. */
export function withLines(on: Read, shipment: Shipment) {
  const lines: Line[] = read(on).lines.all({ shipmentId: shipment.shipmentId });
  const { dispatches: _, ...seen } = shipment;
  return { ...seen, lines };
}

/** The lines of all of an order's shipments, each with the state of its shipment. */
export function linesOfOrder(on: Read, orderId: string): (Line & { state: ShipmentState })[] {
  return read(on).linesOfOrder.all({ orderId });
}

/** The variants of which an order's live shipments hold more than it asked for: O9. */
export function overshipped(on: Read) {
  return read(on).overshipped.all();
}

/** Adds a pending shipment with its lines, each variant once. */
export function addShipment(
  tx: Write,
  shipment: { shipmentId: string; orderId: string; ref: string | null },
  lines: readonly Line[],
): Shipment {
  const { shipmentId, orderId } = shipment;
  write(tx).add.run(shipment);
  for (const one of lines) write(tx).addLine.run({ shipmentId, ...one });
  const unsent = { carrier: null, trackingNumber: null, failure: null, dispatches: 0 };
  return { shipmentId, orderId, state: "pending", ...unsent };
}

export function setState(tx: Write, shipmentId: string, state: ShipmentState): void {
  write(tx).move.run({ shipmentId, state });
}

/** Notes that a shipment is to leave, once more. */
export function requestDispatch(
  tx: Write,
  dispatch: { shipmentId: string; carrier: string; trackingNumber: string },
): void {
  write(tx).request.run(dispatch);
}

/** The carrier and number of a dispatch under way; throws when none is, which is a bug. */
export function requestedDispatch(on: Read, shipmentId: string) {
  const shipment = shipmentById(on, shipmentId);
  const { state, carrier = null, trackingNumber = null } = shipment ?? {};
  if (state !== "ship_requested" || carrier === null || trackingNumber === null) {
    throw new Error(`The shipment ${shipmentId} is ${state}, but its dispatch is under way.`);
  }
  return { carrier, trackingNumber };
}

/** Notes that a dispatch failed: the shipment is packed again. */
export function failDispatch(tx: Write, failed: { shipmentId: string; failure: string }): void {
  write(tx).fail.run(failed);
}
