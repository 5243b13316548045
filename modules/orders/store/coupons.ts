import { and, count, eq, ne, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Coupon } from "../domain/coupon.ts";
import * as schema from "../schema.ts";
import { coupons, redemptions } from "../schema.ts";

const at = sql.placeholder;

const read = reads(schema, { stablePlans: true }, (db) => ({
  byCode: db
    .select()
    .from(coupons)
    .where(eq(coupons.code, at("code")))
    .prepare(),
  usesBy: db
    .select({ uses: count() })
    .from(redemptions)
    .where(
      and(
        eq(redemptions.code, at("code")),
        eq(redemptions.customer, at("customer")),
        ne(redemptions.state, "released"),
      ),
    )
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  insert: db
    .insert(coupons)
    .values({
      code: at("code"),
      kind: at("kind"),
      value: at("value"),
      minimumSubtotal: at("minimumSubtotal"),
      startsAtMs: at("startsAtMs"),
      endsAtMs: at("endsAtMs"),
      usesMax: at("usesMax"),
      usesPerCustomerMax: at("usesPerCustomerMax"),
      uses: 0,
    })
    .prepare(),
  count: db
    .update(coupons)
    .set({ uses: sql`${coupons.uses} + ${at("by")}` })
    .where(eq(coupons.code, at("code")))
    .prepare(),
  hold: db
    .insert(redemptions)
    .values({
      orderId: at("orderId"),
      code: at("code"),
      customer: at("customer"),
      state: "held",
    })
    .prepare(),
  use: db
    .update(redemptions)
    .set({ state: "used" })
    .where(and(eq(redemptions.orderId, at("orderId")), eq(redemptions.state, "held")))
    .prepare(),
  release: db
    .update(redemptions)
    .set({ state: "released" })
    .where(and(eq(redemptions.orderId, at("orderId")), ne(redemptions.state, "released")))
    .returning({ code: redemptions.code })
    .prepare(),
}));

export function couponByCode(on: Read, code: string): Coupon | undefined {
  return read(on).byCode.get({ code });
}

/** How many orders of a customer hold or have used a coupon. */
export function usesByCustomer(on: Read, claim: { code: string; customer: string }): number {
  return read(on).usesBy.get(claim)?.uses ?? 0;
}

export function addCoupon(tx: Write, coupon: Omit<Coupon, "uses">): void {
  write(tx).insert.run({ ...coupon });
}

/** Counts an order against a coupon's limits. The table's check refuses more than `usesMax`. */
export function holdCoupon(
  tx: Write,
  hold: { orderId: string; code: string; customer: string },
): void {
  write(tx).count.run({ code: hold.code, by: 1 });
  write(tx).hold.run(hold);
}

/** Makes an order's hold final. */
export function useCoupon(tx: Write, orderId: string): void {
  write(tx).use.run({ orderId });
}

/** Gives a coupon back, held or used; nothing happens when the order has none, or gave it back. */
export function releaseCoupon(tx: Write, orderId: string): void {
  const row: { code: string } | undefined = write(tx).release.get({ orderId });
  if (row !== undefined) write(tx).count.run({ code: row.code, by: -1 });
}
