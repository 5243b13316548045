import { and, asc, desc, eq, gt, lte, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Line, ReservationState } from "../domain.ts";
import { MAIN_LOCATION } from "../domain.ts";
import * as schema from "../schema.ts";
import { consumptions, reservationLines, reservations } from "../schema.ts";

/** Staff see at most this many live reservations of a variant. */
const LIVE_MAX = 50;

const p = sql.placeholder;
const isLine = and(
  eq(reservationLines.orderId, p("orderId")),
  eq(reservationLines.variantId, p("variantId")),
  eq(reservationLines.locationId, MAIN_LOCATION),
);

const read = reads(schema, { stablePlans: true }, (db) => ({
  liveReservations: db
    .select({
      orderId: reservations.orderId,
      quantity: reservationLines.open,
      state: reservations.state,
      untilMs: reservations.untilMs,
    })
    .from(reservationLines)
    .innerJoin(reservations, eq(reservations.orderId, reservationLines.orderId))
    .where(and(eq(reservationLines.variantId, p("variantId")), gt(reservationLines.open, sql`0`)))
    .orderBy(desc(reservationLines.orderId))
    .limit(LIVE_MAX)
    .prepare(),
  reservation: db
    .select({ state: reservations.state, untilMs: reservations.untilMs })
    .from(reservations)
    .where(eq(reservations.orderId, p("orderId")))
    .prepare(),
  lines: db
    .select({
      variantId: reservationLines.variantId,
      quantity: reservationLines.quantity,
      open: reservationLines.open,
    })
    .from(reservationLines)
    .where(eq(reservationLines.orderId, p("orderId")))
    .prepare(),
  shippedLine: db
    .select({ variantId: reservationLines.variantId })
    .from(reservationLines)
    .where(
      and(
        eq(reservationLines.orderId, p("orderId")),
        sql`${reservationLines.open} < ${reservationLines.quantity}`,
      ),
    )
    .limit(1)
    .prepare(),
  openLine: db
    .select({ variantId: reservationLines.variantId })
    .from(reservationLines)
    .where(and(eq(reservationLines.orderId, p("orderId")), gt(reservationLines.open, sql`0`)))
    .limit(1)
    .prepare(),
  earliestHold: db
    .select({ untilMs: reservations.untilMs })
    .from(reservations)
    .where(eq(reservations.state, sql`'held'`))
    .orderBy(asc(reservations.untilMs))
    .limit(1)
    .prepare(),
  dueHolds: db
    .select({ orderId: reservations.orderId })
    .from(reservations)
    .where(and(eq(reservations.state, sql`'held'`), lte(reservations.untilMs, p("nowMs"))))
    .orderBy(asc(reservations.untilMs))
    .limit(p("limit"))
    .prepare(),
  orderOfShipment: db
    .select({ orderId: consumptions.orderId })
    .from(consumptions)
    .where(eq(consumptions.shipmentId, p("shipmentId")))
    .limit(1)
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  addReservation: db
    .insert(reservations)
    .values({ orderId: p("orderId"), state: p("state"), untilMs: p("untilMs") })
    .onConflictDoNothing()
    .prepare(),
  moveReservation: db
    .update(reservations)
    .set({ state: sql`${p("to")}` })
    .where(and(eq(reservations.orderId, p("orderId")), eq(reservations.state, p("from"))))
    .prepare(),
  addLine: db
    .insert(reservationLines)
    .values({
      orderId: p("orderId"),
      variantId: p("variantId"),
      locationId: MAIN_LOCATION,
      quantity: p("quantity"),
      open: p("quantity"),
    })
    .prepare(),
  openLines: db
    .update(reservationLines)
    .set({ open: sql`${reservationLines.quantity}` })
    .where(eq(reservationLines.orderId, p("orderId")))
    .prepare(),
  countReleased: db
    .update(reservationLines)
    .set({ released: sql`${reservationLines.released} + ${reservationLines.open}` })
    .where(eq(reservationLines.orderId, p("orderId")))
    .prepare(),
  closeLines: db
    .update(reservationLines)
    .set({ open: 0 })
    .where(eq(reservationLines.orderId, p("orderId")))
    .prepare(),
  takeFromLine: db
    .update(reservationLines)
    .set({ open: sql`${reservationLines.open} - ${p("quantity")}` })
    .where(and(isLine, sql`${reservationLines.open} >= ${p("quantity")}`))
    .prepare(),
  addConsumption: db
    .insert(consumptions)
    .values({
      shipmentId: p("shipmentId"),
      variantId: p("variantId"),
      locationId: MAIN_LOCATION,
      orderId: p("orderId"),
      quantity: p("quantity"),
    })
    .prepare(),
}));

/** The newest reservations that keep units of a variant. */
export function liveReservations(on: Read, variantId: string) {
  return read(on).liveReservations.all({ variantId });
}

export function reservationOf(on: Read, orderId: string) {
  return read(on).reservation.get({ orderId });
}

export function linesOf(on: Read, orderId: string) {
  return read(on).lines.all({ orderId });
}

/** Whether some of a committed reservation has been consumed. */
export function hasShipped(on: Read, orderId: string): boolean {
  return read(on).shippedLine.get({ orderId }) !== undefined;
}

/** Whether something is still kept for an order. */
export function hasOpenLine(on: Read, orderId: string): boolean {
  return read(on).openLine.get({ orderId }) !== undefined;
}

/** When the first of all holds is due, if any is held. */
export function earliestHoldMs(on: Read): number | undefined {
  return read(on).earliestHold.get()?.untilMs;
}

/** The orders whose hold is due, the oldest first. */
export function dueHolds(on: Read, due: { nowMs: number; limit: number }) {
  return read(on).dueHolds.all(due);
}

/** The order for which a shipment consumed stock, if it has. */
export function orderOfShipment(on: Read, shipmentId: string): string | undefined {
  return read(on).orderOfShipment.get({ shipmentId })?.orderId;
}

/** Adds an order's reservation; false when it has one in any state. */
export function addReservation(
  tx: Write,
  reservation: { orderId: string; state: ReservationState; untilMs: number },
): boolean {
  return write(tx).addReservation.run(reservation).changes === 1;
}

/** Moves a reservation from one state to another; false when it was not in the first. */
export function moveReservation(
  tx: Write,
  move: { orderId: string; from: ReservationState; to: ReservationState },
): boolean {
  return write(tx).moveReservation.run(move).changes === 1;
}

export function addLine(tx: Write, orderId: string, line: Line): void {
  write(tx).addLine.run({ orderId, ...line });
}

/** Marks all of an order's lines as kept for it, or as no longer kept. */
export function setLines(tx: Write, orderId: string, kept: "open" | "closed"): void {
  const { openLines, closeLines } = write(tx);
  (kept === "open" ? openLines : closeLines).run({ orderId });
}

/** Counts what is still kept for an order, of which goods have left, as given back. */
export function countReleased(tx: Write, orderId: string): void {
  write(tx).countReleased.run({ orderId });
}

/** Takes consumed units from what is kept for an order; false when less is kept. */
export function takeFromLine(tx: Write, orderId: string, line: Line): boolean {
  return write(tx).takeFromLine.run({ orderId, ...line }).changes === 1;
}

export function addConsumption(
  tx: Write,
  consumption: { shipmentId: string; orderId: string; variantId: string; quantity: number },
): void {
  write(tx).addConsumption.run(consumption);
}
