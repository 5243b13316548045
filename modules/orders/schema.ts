import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { cartStates } from "./domain/cart.ts";
import { couponKinds, redemptionStates } from "./domain/coupon.ts";
import { orderStatuses } from "./domain/order.ts";
import { refundStates } from "./domain/refund.ts";
import { taxClasses } from "./domain/tax.ts";

export const carts = sqliteTable("carts", {
  cartId: text("cart_id").primaryKey(),
  version: integer("version").notNull(),
  state: text("state", { enum: cartStates }).notNull(),
  owner: text("owner"),
  email: text("email"),
  address: text("address"),
  lines: text("lines").notNull(),
  shippingOptionId: text("shipping_option_id"),
  couponCode: text("coupon_code"),
  orderId: text("order_id"),
  touchedAtMs: integer("touched_at_ms").notNull(),
});

export const orders = sqliteTable("orders", {
  number: integer("number").primaryKey(),
  orderId: text("order_id").notNull().unique(),
  cartId: text("cart_id").notNull(),
  status: text("status", { enum: orderStatuses }).notNull(),
  owner: text("owner"),
  email: text("email").notNull(),
  total: integer("total").notNull(),
  currency: text("currency").notNull(),
  refunded: integer("refunded").notNull(),
  abandoned: integer("abandoned").notNull(),
  delivered: integer("delivered").notNull(),
  placedAtMs: integer("placed_at_ms").notNull(),
  rejection: text("rejection"),
  timeline: text("timeline").notNull(),
  snapshot: text("snapshot").notNull(),
});

export const refunds = sqliteTable("refunds", {
  refundId: text("refund_id").primaryKey(),
  orderId: text("order_id").notNull(),
  amount: integer("amount").notNull(),
  currency: text("currency").notNull(),
  reason: text("reason").notNull(),
  state: text("state", { enum: refundStates }).notNull(),
  requestedAtMs: integer("requested_at_ms").notNull(),
});

export const coupons = sqliteTable("coupons", {
  code: text("code").primaryKey(),
  kind: text("kind", { enum: couponKinds }).notNull(),
  value: integer("value").notNull(),
  minimumSubtotal: integer("minimum_subtotal"),
  startsAtMs: integer("starts_at_ms"),
  endsAtMs: integer("ends_at_ms"),
  usesMax: integer("uses_max"),
  usesPerCustomerMax: integer("uses_per_customer_max"),
  uses: integer("uses").notNull(),
});

export const redemptions = sqliteTable("redemptions", {
  orderId: text("order_id").primaryKey(),
  code: text("code").notNull(),
  customer: text("customer").notNull(),
  state: text("state", { enum: redemptionStates }).notNull(),
});

export const taxRates = sqliteTable("tax_rates", {
  country: text("country").notNull(),
  taxClass: text("tax_class", { enum: taxClasses }).notNull(),
  basisPoints: integer("basis_points").notNull(),
});
