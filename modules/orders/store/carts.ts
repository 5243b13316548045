import { and, eq, inArray, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import { assertCartMove, type Cart, type CartLine } from "../domain/cart.ts";
import type { Address } from "../domain/order.ts";
import { taxRates as fromRows, type TaxRates } from "../domain/tax.ts";
import * as schema from "../schema.ts";
import { carts, taxRates } from "../schema.ts";

const at = sql.placeholder;

const read = reads(schema, { stablePlans: true }, (db) => ({
  byId: db
    .select()
    .from(carts)
    .where(eq(carts.cartId, at("cartId")))
    .prepare(),
  liveOfOwner: db
    .select({ cartId: carts.cartId })
    .from(carts)
    .where(and(eq(carts.owner, at("owner")), inArray(carts.state, ["open", "locked"])))
    .prepare(),
}));

/** The tax rates, read once from each open database: only migrations write them. */
const rates = reads(schema, (db) => {
  const rows = db.select().from(taxRates).all();
  const byCountry = new Map<string, TaxRates>();
  for (const { country } of rows) {
    byCountry.set(country, fromRows(rows.filter((row) => row.country === country)));
  }
  return byCountry;
});

const write = writes(schema, { stablePlans: true }, (db) => ({
  insert: db
    .insert(carts)
    .values({
      cartId: at("cartId"),
      owner: at("owner"),
      touchedAtMs: at("nowMs"),
      version: 1,
      state: "open",
      lines: "[]",
    })
    .prepare(),
  save: db
    .update(carts)
    .set({
      version: sql`${carts.version} + 1`,
      email: sql`${at("email")}`,
      address: sql`${at("address")}`,
      lines: sql`${at("lines")}`,
      shippingOptionId: sql`${at("shippingOptionId")}`,
      couponCode: sql`${at("couponCode")}`,
      touchedAtMs: sql`${at("nowMs")}`,
    })
    .where(eq(carts.cartId, at("cartId")))
    .prepare(),
  lock: db
    .update(carts)
    .set({ state: "locked", orderId: sql`${at("orderId")}`, touchedAtMs: sql`${at("nowMs")}` })
    .where(
      and(
        eq(carts.cartId, at("cartId")),
        eq(carts.version, at("version")),
        eq(carts.state, "open"),
      ),
    )
    .prepare(),
  unlock: db
    .update(carts)
    .set({ state: sql`${at("to")}` })
    .where(
      and(
        eq(carts.cartId, at("cartId")),
        eq(carts.orderId, at("orderId")),
        eq(carts.state, "locked"),
      ),
    )
    .prepare(),
  expire: db
    .update(carts)
    .set({ state: "expired" })
    .where(and(eq(carts.cartId, at("cartId")), eq(carts.state, "open")))
    .prepare(),
}));

/** A cart, or undefined. */
export function cartById(on: Read, cartId: string): Cart | undefined {
  const row = read(on).byId.get({ cartId });
  if (row === undefined) return undefined;
  const lines: CartLine[] = JSON.parse(row.lines);
  const address: Address | null = row.address === null ? null : JSON.parse(row.address);
  return { ...row, lines, address };
}

/** The cart of a customer that is open, or locked by a checkout. */
export function liveCartOf(on: Read, owner: string): string | undefined {
  return read(on).liveOfOwner.get({ owner })?.cartId;
}

export function addCart(tx: Write, cart: { cartId: string; owner: string | null; nowMs: number }) {
  write(tx).insert.run(cart);
}

/**
 * Writes an edited cart and counts its version up. Only for a cart read in the same transaction.
 */
export function saveCart(tx: Write, cart: Cart, nowMs: number): Cart {
  write(tx).save.run({
    ...cart,
    nowMs,
    lines: JSON.stringify(cart.lines),
    address: cart.address === null ? null : JSON.stringify(cart.address),
  });
  return { ...cart, version: cart.version + 1, touchedAtMs: nowMs };
}

/**
 * Locks an open cart for a checkout; false when it is not open, or not in this version any more.
 */
export function lockCart(
  tx: Write,
  lock: { cartId: string; version: number; orderId: string; nowMs: number },
): boolean {
  assertCartMove({ from: "open", to: "locked" });
  return write(tx).lock.run(lock).changes === 1;
}

/** Ends a checkout's lock. A lock that another checkout has taken since is left alone. */
export function unlockCart(
  tx: Write,
  unlock: { cartId: string; orderId: string; to: "open" | "ordered" },
): void {
  assertCartMove({ from: "locked", to: unlock.to });
  write(tx).unlock.run(unlock);
}

/** Expires an open cart; false when it was not open. */
export function expireCart(tx: Write, cartId: string): boolean {
  assertCartMove({ from: "open", to: "expired" });
  return write(tx).expire.run({ cartId }).changes === 1;
}

/** The tax rates of a country. */
export function ratesOf(on: Read, country: string): TaxRates {
  return rates(on).get(country) ?? fromRows([]);
}
