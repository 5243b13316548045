import { and, desc, eq, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { LedgerSource, Line } from "../domain.ts";
import { MAIN_LOCATION } from "../domain.ts";
import * as schema from "../schema.ts";
import { ledger, levels, reservationLines } from "../schema.ts";

/** Staff see at most this many ledger entries of a variant. */
const ENTRIES_MAX = 50;

const p = sql.placeholder;
const available = sql<number>`on_hand - held - committed`;
const isLevel = and(eq(levels.variantId, p("variantId")), eq(levels.locationId, MAIN_LOCATION));
const linesOfLevel = and(
  eq(reservationLines.orderId, p("orderId")),
  eq(reservationLines.variantId, levels.variantId),
  eq(reservationLines.locationId, levels.locationId),
);
const levelColumns = {
  variantId: levels.variantId,
  locationId: levels.locationId,
  onHand: levels.onHand,
  held: levels.held,
  committed: levels.committed,
  available,
};

const read = reads(schema, { stablePlans: true }, (db) => ({
  available: db.select({ available }).from(levels).where(isLevel).prepare(),
  level: db.select(levelColumns).from(levels).where(isLevel).prepare(),
  levels: db
    .select(levelColumns)
    .from(levels)
    .where(eq(levels.variantId, p("variantId")))
    .prepare(),
  newestEntries: db
    .select({
      delta: ledger.delta,
      reason: ledger.reason,
      ref: ledger.ref,
      atMs: ledger.atMs,
    })
    .from(ledger)
    .where(eq(ledger.variantId, p("variantId")))
    .orderBy(desc(ledger.entryId))
    .limit(ENTRIES_MAX)
    .prepare(),
  entryOfRef: db
    .select({ entryId: ledger.entryId })
    .from(ledger)
    .where(and(eq(ledger.source, p("source")), eq(ledger.ref, p("ref"))))
    .limit(1)
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  addLevel: db
    .insert(levels)
    .values({
      variantId: p("variantId"),
      locationId: MAIN_LOCATION,
      onHand: p("onHand"),
      held: 0,
      committed: 0,
    })
    .onConflictDoNothing()
    .prepare(),
  hold: db
    .update(levels)
    .set({ held: sql`${levels.held} + ${p("quantity")}` })
    .where(and(isLevel, sql`${available} >= ${p("quantity")}`))
    .returning({ available })
    .prepare(),
  commitFree: db
    .update(levels)
    .set({ committed: sql`${levels.committed} + ${p("quantity")}` })
    .where(and(isLevel, sql`${available} >= ${p("quantity")}`))
    .returning({ available })
    .prepare(),
  commitHeld: db
    .update(levels)
    .set({
      held: sql`${levels.held} - ${reservationLines.open}`,
      committed: sql`${levels.committed} + ${reservationLines.open}`,
    })
    .from(reservationLines)
    .where(linesOfLevel)
    .prepare(),
  giveBackHeld: db
    .update(levels)
    .set({ held: sql`${levels.held} - ${p("quantity")}` })
    .where(isLevel)
    .returning({ available })
    .prepare(),
  giveBackCommitted: db
    .update(levels)
    .set({ committed: sql`${levels.committed} - ${p("quantity")}` })
    .where(isLevel)
    .returning({ available })
    .prepare(),
  ship: db
    .update(levels)
    .set({
      onHand: sql`${levels.onHand} - ${p("quantity")}`,
      committed: sql`${levels.committed} - ${p("quantity")}`,
    })
    .where(isLevel)
    .prepare(),
  changeOnHand: db
    .update(levels)
    .set({ onHand: sql`${levels.onHand} + ${p("delta")}` })
    .where(and(isLevel, sql`${available} + ${p("delta")} >= 0`))
    .returning(levelColumns)
    .prepare(),
  addEntry: db
    .insert(ledger)
    .values({
      variantId: p("variantId"),
      locationId: MAIN_LOCATION,
      source: p("source"),
      ref: p("ref"),
      delta: p("delta"),
      reason: p("reason"),
      atMs: p("atMs"),
    })
    .onConflictDoNothing()
    .prepare(),
}));

/** The units of a variant that nobody was promised; none of an unknown one. */
export function availableOf(on: Read, variantId: string): number {
  return read(on).available.get({ variantId })?.available ?? 0;
}

/** A variant's level at the one location; all zero when it never had stock. */
export function levelOf(on: Read, variantId: string) {
  const none = { variantId, locationId: MAIN_LOCATION, onHand: 0, held: 0, committed: 0 };
  return read(on).level.get({ variantId }) ?? { ...none, available: 0 };
}

/** The levels of a variant in all locations. */
export function levelsOf(on: Read, variantId: string) {
  return read(on).levels.all({ variantId });
}

/** The newest changes of a variant's shelf. */
export function newestEntries(on: Read, variantId: string) {
  return read(on).newestEntries.all({ variantId });
}

/** Whether a ref of this source is in the ledger, for any variant. */
export function hasEntry(on: Read, key: { source: LedgerSource; ref: string }): boolean {
  return read(on).entryOfRef.get(key) !== undefined;
}

/** Gives a variant its level row; false when it has one. */
export function addLevel(tx: Write, variantId: string, onHand: number): boolean {
  return write(tx).addLevel.run({ variantId, onHand }).changes === 1;
}

/**
 * Promises free units, as held or committed; returns what is left, or nothing when too few are
 * free.
 */
export function take(tx: Write, line: Line, as: "held" | "committed"): number | undefined {
  const { hold, commitFree } = write(tx);
  return (as === "held" ? hold : commitFree).get({ ...line })?.available;
}

/** Frees promised units again; returns what is available then. */
export function putBack(tx: Write, line: Line, from: "held" | "committed"): number {
  const { giveBackHeld, giveBackCommitted } = write(tx);
  const level = (from === "held" ? giveBackHeld : giveBackCommitted).get({ ...line });
  if (level === undefined) throw new Error(`${line.variantId} is promised but has no level row.`);
  return level.available;
}

/** Turns all that an order holds into committed, in one statement. */
export function commitHeld(tx: Write, orderId: string): void {
  write(tx).commitHeld.run({ orderId });
}

/** Takes committed units off the shelf. */
export function ship(tx: Write, line: Line): void {
  write(tx).ship.run({ ...line });
}

/** Changes what is on the shelf, unless less would remain than is promised. */
export function changeOnHand(tx: Write, change: { variantId: string; delta: number }) {
  return write(tx).changeOnHand.get(change);
}

/** Adds a ledger entry; false when its source, ref and variant are in the ledger already. */
export function addEntry(
  tx: Write,
  entry: {
    variantId: string;
    source: LedgerSource;
    ref: string;
    delta: number;
    reason: string;
    atMs: number;
  },
): boolean {
  return write(tx).addEntry.run(entry).changes === 1;
}
