import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { consignmentStates, shipmentStates } from "./domain/shipment.ts";

/** Which zone a destination is in; the longest postcode prefix of a country decides. */
export const areas = sqliteTable(
  "area",
  {
    country: text("country").notNull(),
    postcodePrefix: text("postcode_prefix").notNull(),
    zoneId: text("zone_id").notNull(),
  },
  (table) => [primaryKey({ columns: [table.country, table.postcodePrefix] })],
);

/** A way to deliver to a zone. `free_from` is the subtotal from which it costs nothing. */
export const methods = sqliteTable("method", {
  optionId: text("option_id").primaryKey(),
  zoneId: text("zone_id").notNull(),
  label: text("label").notNull(),
  currency: text("currency").notNull(),
  freeFrom: integer("free_from"),
  daysMin: integer("days_min").notNull(),
  daysMax: integer("days_max").notNull(),
});

/** What a method costs up to a weight. Above its heaviest tier it is not offered. */
export const tiers = sqliteTable(
  "tier",
  {
    optionId: text("option_id").notNull(),
    weightGramsMax: integer("weight_grams_max").notNull(),
    amount: integer("amount").notNull(),
  },
  (table) => [primaryKey({ columns: [table.optionId, table.weightGramsMax] })],
);

/**
 * An order's fulfilment: what it ordered, and where to. `cancelled` without an address is a
 * tombstone.
 */
export const consignments = sqliteTable("consignment", {
  orderId: text("order_id").primaryKey(),
  state: text("state", { enum: consignmentStates }).notNull(),
  optionId: text("option_id"),
  /** The address as JSON, for people to read; nothing is decided by it. */
  address: text("address"),
  cancelReason: text("cancel_reason"),
  /** Since when a cancellation waits for a dispatch to end; until it is decided none begins. */
  heldAtMs: integer("held_at_ms"),
  atMs: integer("at_ms").notNull(),
});

/** What an order asked for, by variant. */
export const consignmentLines = sqliteTable(
  "consignment_line",
  {
    orderId: text("order_id").notNull(),
    variantId: text("variant_id").notNull(),
    quantity: integer("quantity").notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.variantId] })],
);

/** One parcel. `ref` is null for the shipment that opened the fulfilment. */
export const shipments = sqliteTable(
  "shipment",
  {
    shipmentId: text("shipment_id").primaryKey(),
    orderId: text("order_id").notNull(),
    ref: text("ref"),
    state: text("state", { enum: shipmentStates }).notNull(),
    carrier: text("carrier"),
    trackingNumber: text("tracking_number"),
    failure: text("failure"),
    /** How often it was sent off; each time has a saga of its own. */
    dispatches: integer("dispatches").notNull(),
  },
  (table) => [index("shipment_order").on(table.orderId)],
);

export const shipmentLines = sqliteTable(
  "shipment_line",
  {
    shipmentId: text("shipment_id").notNull(),
    variantId: text("variant_id").notNull(),
    quantity: integer("quantity").notNull(),
  },
  (table) => [primaryKey({ columns: [table.shipmentId, table.variantId] })],
);
