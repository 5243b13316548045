import { type Money, money, ratio } from "#runtime";

export const couponKinds = ["percent", "fixed", "free_shipping"] as const;
export const redemptionStates = ["held", "used", "released"] as const;

/** 100 % in basis points: what a percent coupon takes off at most. */
export const PERCENT_VALUE_MAX = 10_000;

export interface Coupon {
  readonly code: string;
  readonly kind: (typeof couponKinds)[number];
  /** Basis points for percent, minor units for fixed, 0 for free_shipping. */
  readonly value: number;
  readonly minimumSubtotal: number | null;
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
  readonly usesMax: number | null;
  readonly usesPerCustomerMax: number | null;
  /** Orders that hold or have used it. */
  readonly uses: number;
}

/** What a coupon's limits are held against. */
export interface CouponClaim {
  readonly subtotal: Money;
  readonly nowMs: number;
  /** Orders of this customer that hold or have used it. */
  readonly usesByCustomer: number;
}

export type CouponRefusal =
  | "unknown"
  | "not_started"
  | "ended"
  | "subtotal_too_low"
  | "used_up"
  | "used_by_customer";

/** Why a coupon does not apply, or null when it does. A code that nobody issued is "unknown". */
export function couponRefusal(
  coupon: Coupon | undefined,
  { subtotal, nowMs, usesByCustomer }: CouponClaim,
): CouponRefusal | null {
  if (coupon === undefined) return "unknown";
  if (coupon.startsAtMs !== null && nowMs < coupon.startsAtMs) return "not_started";
  if (coupon.endsAtMs !== null && nowMs >= coupon.endsAtMs) return "ended";
  if (coupon.usesMax !== null && coupon.uses >= coupon.usesMax) return "used_up";
  if (coupon.usesPerCustomerMax !== null && usesByCustomer >= coupon.usesPerCustomerMax) {
    return "used_by_customer";
  }
  if (coupon.minimumSubtotal !== null && subtotal.amount < coupon.minimumSubtotal) {
    return "subtotal_too_low";
  }
  return null;
}

/** What a coupon that applies takes off the lines: never more than they cost. */
export function discountOf(coupon: Coupon, subtotal: Money): Money {
  switch (coupon.kind) {
    case "percent":
      return ratio(subtotal, Math.min(coupon.value, PERCENT_VALUE_MAX), PERCENT_VALUE_MAX);
    case "fixed":
      return money(Math.min(coupon.value, subtotal.amount), subtotal.currency);
    case "free_shipping":
      return money(0, subtotal.currency);
  }
}

/**
 * One customer's address in one spelling, for limits per customer: lower case, without what follows
 * a plus sign, which reaches the same mailbox.
 */
export function customerKey(email: string): string {
  const [local = "", domain = ""] = email.trim().toLowerCase().split("@");
  return `${local.split("+")[0]}@${domain}`;
}
