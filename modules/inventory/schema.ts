import {
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { ledgerSources, reservationStates } from "./domain.ts";

/** What is on the shelf, and how much of it is promised. The CHECKs of the migration are S1. */
export const levels = sqliteTable(
  "level",
  {
    variantId: text("variant_id").notNull(),
    locationId: text("location_id").notNull(),
    onHand: integer("on_hand").notNull(),
    held: integer("held").notNull(),
    committed: integer("committed").notNull(),
  },
  (table) => [primaryKey({ columns: [table.variantId, table.locationId] })],
);

/**
 * Every change of `on_hand`, for ever. Triggers of the migration refuse to change or delete a
 * row.
 */
export const ledger = sqliteTable(
  "ledger",
  {
    entryId: integer("entry_id").primaryKey({ autoIncrement: true }),
    variantId: text("variant_id").notNull(),
    locationId: text("location_id").notNull(),
    source: text("source", { enum: ledgerSources }).notNull(),
    ref: text("ref").notNull(),
    delta: integer("delta").notNull(),
    reason: text("reason").notNull(),
    atMs: integer("at_ms").notNull(),
  },
  (table) => [
    uniqueIndex("ledger_ref").on(table.source, table.ref, table.variantId, table.locationId),
    index("ledger_variant").on(table.variantId),
  ],
);

/** One row for each order that ever held or was released; `released` is also the tombstone. */
export const reservations = sqliteTable(
  "reservation",
  {
    orderId: text("order_id").primaryKey(),
    state: text("state", { enum: reservationStates }).notNull(),
    untilMs: integer("until_ms").notNull(),
  },
  (table) => [index("reservation_due").on(table.untilMs)],
);

/**
 * A line of a reservation: the quantity ordered, the quantity still kept (`open`), and the quantity
 * given back after other goods of the order had left (`released`).
 */
export const reservationLines = sqliteTable(
  "reservation_line",
  {
    orderId: text("order_id").notNull(),
    variantId: text("variant_id").notNull(),
    locationId: text("location_id").notNull(),
    quantity: integer("quantity").notNull(),
    open: integer("open").notNull(),
    released: integer("released").notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.orderId, table.variantId, table.locationId] }),
    index("reservation_line_open").on(table.variantId),
  ],
);

/** What left the shelf with each shipment. */
export const consumptions = sqliteTable(
  "consumption",
  {
    shipmentId: text("shipment_id").notNull(),
    variantId: text("variant_id").notNull(),
    locationId: text("location_id").notNull(),
    orderId: text("order_id").notNull(),
    quantity: integer("quantity").notNull(),
  },
  (table) => [primaryKey({ columns: [table.shipmentId, table.variantId, table.locationId] })],
);
