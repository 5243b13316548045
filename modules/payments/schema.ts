import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { factKinds, operationKinds, operationStates, paymentStates } from "./domain/ledger.ts";

/** One row per attempt to pay an order: the fold of its entries, kept for queries and guards. */
export const payments = sqliteTable("payments", {
  paymentId: text("payment_id").primaryKey(),
  orderId: text("order_id").notNull(),
  attempt: integer("attempt").notNull(),
  currency: text("currency").notNull(),
  total: integer("total").notNull(),
  state: text("state", { enum: paymentStates }).notNull(),
  authorised: integer("authorised").notNull(),
  captured: integer("captured").notNull(),
  refunded: integer("refunded").notNull(),
  pendingRefunds: integer("pending_refunds").notNull(),
  actionUrl: text("action_url"),
  declineCode: text("decline_code"),
  /** The provider's name for it, once known. */
  reference: text("reference"),
  /** 1 when its order was reversed. */
  reversed: integer("reversed").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** What was asked of the provider: committed before, and never deleted. The id is the key. */
export const operations = sqliteTable("operations", {
  operationId: text("operation_id").primaryKey(),
  paymentId: text("payment_id").notNull(),
  kind: text("kind", { enum: operationKinds }).notNull(),
  n: integer("n").notNull(),
  amount: integer("amount").notNull(),
  state: text("state", { enum: operationStates }).notNull(),
  cause: text("cause", { enum: ["request", "reversal"] }).notNull(),
  refundId: text("refund_id"),
  /** The card token, until the outcome is known. */
  token: text("token"),
  sentAtMs: integer("sent_at_ms").notNull(),
});

/** The ledger: facts, each once, never changed. */
export const entries = sqliteTable("entries", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  paymentId: text("payment_id").notNull(),
  kind: text("kind", { enum: factKinds }).notNull(),
  amount: integer("amount").notNull(),
  providerRef: text("provider_ref").notNull(),
  operationId: text("operation_id"),
  detail: text("detail"),
  atMs: integer("at_ms").notNull(),
});

/** Orders whose money must be whole: also the mark that refuses a late authorisation. */
export const reversals = sqliteTable("reversals", {
  orderId: text("order_id").primaryKey(),
  reason: text("reason").notNull(),
  atMs: integer("at_ms").notNull(),
});

/** Webhooks as they came. */
export const providerEvents = sqliteTable("provider_events", {
  position: integer("position").primaryKey({ autoIncrement: true }),
  provider: text("provider").notNull(),
  eventId: text("event_id").notNull(),
  paymentId: text("payment_id"),
  state: text("state", { enum: ["stored", "folded", "parked"] }).notNull(),
  body: text("body").notNull(),
  atMs: integer("at_ms").notNull(),
});
