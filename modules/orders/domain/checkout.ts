import type { Money, OutputOf } from "#runtime";
import type { orders } from "../contract.ts";
import type { Cart } from "./cart.ts";
import type { OrderLine, OrderStatus, Rejection, Snapshot } from "./order.ts";
import type { PricedCart } from "./priced-cart.ts";

const minuteMs = 60_000;
/** How long an order's stock is held: longer than its customer and its payment may take. */
export const holdMs = 15 * minuteMs;
/** How long a checkout may take to its pivot. */
export const checkoutMs = 14 * minuteMs;
const actionMs = 12 * minuteMs;
const unknownMs = 10 * minuteMs;

export type CheckoutView = OutputOf<typeof orders.checkoutById>;
type StandingView = OutputOf<typeof orders.startCheckout>;

/** Freezes a priced cart into what the order will say for ever. */
export function snapshotOf(cart: Cart, priced: PricedCart, note: string | undefined): Snapshot {
  return {
    lines: priced.lines.flatMap(({ line, quote, rateBasisPoints }, index): OrderLine[] => {
      const sums = priced.sums[index];
      if (sums === undefined) return [];
      const { variantId, quantity } = line;
      const { sku, title, price: unitPrice, requiresShipping } = quote;
      const sold = { variantId, sku, title, quantity, unitPrice, rateBasisPoints };
      return [{ ...sold, requiresShipping, ...sums }];
    }),
    totals: priced.totals,
    shippingRateBasisPoints: priced.basis.shippingRateBasisPoints,
    address: cart.address,
    shippingOptionId: priced.shippingOptionId,
    couponCode: cart.couponCode,
    note: note ?? null,
  };
}

/** What a payment means for the checkout that waits for it. */
export type Verdict =
  | { readonly kind: "paid" }
  | { readonly kind: "refused"; readonly code: string; readonly data: Record<string, string> }
  | { readonly kind: "open"; readonly untilMs: number };

interface PaymentStanding {
  readonly state: string;
  readonly authorised: Money;
  readonly captured: Money;
  readonly declineCode: string | null;
}

/**
 * Judges a payment. No answer is not a decline: it is waited for, the customer at a 3-D Secure page
 * for 12 minutes after the order was placed, the provider for 10. An authorisation of another
 * amount than the order's is refused.
 */
export function verdictOn(
  payment: PaymentStanding | null,
  order: { readonly total: Money; readonly placedAtMs: number },
): Verdict {
  switch (payment?.state) {
    case "authorised":
    case "capturing":
    case "captured":
      return payment.authorised.amount === order.total.amount
        ? { kind: "paid" }
        : { kind: "refused", code: "payment_mismatch", data: {} };
    case "declined":
      return {
        kind: "refused",
        code: "payment_declined",
        data: payment.declineCode === null ? {} : { code: payment.declineCode },
      };
    case "expired":
    case "voiding":
    case "voided":
      return { kind: "refused", code: "payment_expired", data: {} };
    case "action_required":
      return { kind: "open", untilMs: order.placedAtMs + actionMs };
    default:
      return { kind: "open", untilMs: order.placedAtMs + unknownMs };
  }
}

/** Why an order was rejected, from what its saga gave up for: the code in lower case, flat data. */
export function rejectionFor(failure: { code: string; data: unknown } | null): Rejection {
  const code = failure?.code.toLowerCase() ?? "deadline";
  const data: Record<string, string> = {};
  for (const [name, value] of Object.entries(failure?.data ?? {})) {
    if (typeof value === "string" || typeof value === "number") data[name] = String(value);
    else data[name] = JSON.stringify(value);
  }
  return { code, data };
}

/** How a checkout stands, from its order's row; the token is for those who may open the order. */
export function checkoutView(
  order: PlacedOrder,
  { orderToken, actionUrl }: { orderToken: string; actionUrl: string | null },
): CheckoutView {
  return { ...standingView(order, actionUrl), orderToken };
}

interface PlacedOrder {
  readonly orderId: string;
  readonly number: number;
  readonly status: OrderStatus;
  readonly total: number;
  readonly currency: string;
  readonly abandoned: number;
  readonly rejection: string | null;
}

/** The same without the token. */
export function standingView(order: PlacedOrder, actionUrl: string | null): StandingView {
  const { orderId, number, total, currency } = order;
  return {
    checkoutId: orderId,
    state: stateOf(order.status, actionUrl),
    orderId,
    orderNumber: number,
    total: { amount: total, currency },
    actionUrl,
    reason: reasonOf(order),
  };
}

function stateOf(status: OrderStatus, actionUrl: string | null): CheckoutView["state"] {
  if (status === "rejected") return "rejected";
  if (status !== "pending") return "confirmed";
  return actionUrl === null ? "running" : "action_required";
}

function reasonOf(order: { rejection: string | null; abandoned: number }): string | null {
  if (order.rejection === null) return order.abandoned === 1 ? "abandoned" : null;
  const { code }: Rejection = JSON.parse(order.rejection);
  return code;
}
