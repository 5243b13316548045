import { and, desc, eq, gt, inArray, lt, sql } from "drizzle-orm";
import { type Read, reads } from "#runtime";
import * as schema from "../schema.ts";
import { orders, redemptions } from "../schema.ts";
import { opened, type StoredOrder } from "./orders.ts";

const at = sql.placeholder;

const read = reads(schema, (db) => ({
  since: db
    .select()
    .from(orders)
    .where(
      gt(
        orders.number,
        sql`coalesce((SELECT number FROM orders WHERE placed_at_ms < ${at("sinceMs")}
          ORDER BY number DESC LIMIT 1), 0)`,
      ),
    )
    .orderBy(desc(orders.number))
    .limit(at("limit"))
    .prepare(),
  overdue: db
    .select({ orderId: orders.orderId, status: orders.status })
    .from(orders)
    .where(
      and(
        inArray(orders.status, ["pending", "cancelling"]),
        lt(
          sql`json_extract(${orders.timeline}, '$[#-1].atMs')`,
          sql`CASE ${orders.status} WHEN 'pending' THEN ${at("pendingMs")}
          ELSE ${at("cancellingMs")} END`,
        ),
      ),
    )
    .limit(at("limit"))
    .prepare(),
  redemption: db
    .select({ state: redemptions.state })
    .from(redemptions)
    .where(eq(redemptions.orderId, at("orderId")))
    .prepare(),
}));

const books = reads(schema, (db) => ({
  couponCounts: db
    .select({
      code: sql<string>`code`,
      uses: sql<number>`uses`,
      counted: sql<number>`counted`,
    })
    .from(
      sql`(SELECT c.code, c.uses, (SELECT count(*) FROM redemptions r
        WHERE r.code = c.code AND r.state <> 'released') AS counted FROM coupons c)`,
    )
    .where(sql`uses <> counted`)
    .limit(at("limit"))
    .prepare(),
  customerLimits: db
    .select({ code: sql<string>`code`, uses: sql<number>`uses` })
    .from(
      sql`(SELECT r.code, count(*) AS uses, c.uses_per_customer_max AS most
        FROM redemptions r JOIN coupons c ON c.code = r.code
        WHERE r.state <> 'released' AND c.uses_per_customer_max IS NOT NULL
        GROUP BY r.code, r.customer)`,
    )
    .where(sql`uses > most`)
    .limit(at("limit"))
    .prepare(),
  strayLocks: db
    .select({ cartId: sql<string>`cart_id`, state: sql<string>`state` })
    .from(
      sql`(SELECT c.cart_id, c.state, o.status FROM carts c
        LEFT JOIN orders o ON o.order_id = c.order_id WHERE c.state IN ('locked', 'ordered'))`,
    )
    .where(sql`status IS NULL OR (state = 'locked') <> (status = 'pending') OR status = 'rejected'`)
    .limit(at("limit"))
    .prepare(),
}));

/** The newest orders placed since, at most `limit`. */
export function ordersSince(on: Read, batch: { sinceMs: number; limit: number }): StoredOrder[] {
  return read(on).since.all(batch).map(opened);
}

/** Orders that a saga should have ended by now: nothing has happened to them since these times. */
export function overdueOrders(
  on: Read,
  limits: { pendingMs: number; cancellingMs: number; limit: number },
) {
  return read(on).overdue.all(limits);
}

/** How an order's coupon stands; undefined without one. */
export function redemptionOf(on: Read, orderId: string): string | undefined {
  return read(on).redemption.get({ orderId })?.state;
}

/** What coupons and carts break of C1 and K3, as pairs of invariant and detail. */
export function ownViolations(on: Read, limit: number): { invariant: string; detail: string }[] {
  const { couponCounts, customerLimits, strayLocks } = books(on);
  return [
    ...couponCounts.all({ limit }).map(({ code, uses, counted }) => ({
      invariant: "C1",
      detail: `The coupon ${code} counts ${uses} uses, but ${counted} orders have it.`,
    })),
    ...customerLimits.all({ limit }).map(({ code, uses }) => ({
      invariant: "C1",
      detail: `One customer has used the coupon ${code} ${uses} times, more than it allows.`,
    })),
    ...strayLocks.all({ limit }).map(({ cartId, state }) => ({
      invariant: "K3",
      detail: `The cart ${cartId} is ${state}, which its order does not account for.`,
    })),
  ];
}
