import type { InputOf, Money, OutputOf } from "#runtime";
import type { orders } from "../contract.ts";
import { type LineBasis, type LineSums, type Totals, totalsOf } from "./totals.ts";

export const orderStatuses = [
  "pending",
  "confirmed",
  "rejected",
  "cancelling",
  "cancelled",
  "completed",
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** The moves that an order's status may make; all others are bugs. */
const orderMoves: { readonly [From in OrderStatus]: readonly OrderStatus[] } = {
  pending: ["confirmed", "rejected"],
  confirmed: ["cancelling", "completed"],
  cancelling: ["cancelled", "confirmed"],
  rejected: [],
  cancelled: [],
  completed: [],
};

export interface OrderMove {
  readonly from: OrderStatus;
  readonly to: OrderStatus;
}

/** Throws unless the table allows the move. */
export function assertOrderMove({ from, to }: OrderMove): void {
  if (orderMoves[from].includes(to)) return;
  const allowed = orderMoves[from].join(" or ") || "nothing: it has ended";
  throw new Error(`An order that is ${from} cannot become ${to}, but only ${allowed}.`);
}

export type Address = InputOf<typeof orders.setAddress>["address"];
export type TimelineEntry = OutputOf<typeof orders.orderById>["timeline"][number];
export type Rejection = { readonly code: string; readonly data: Record<string, string> };

/** One line of an order as it was sold; it does not follow the catalogue. */
export interface OrderLine extends LineBasis, LineSums {
  readonly variantId: string;
  readonly sku: string;
  readonly title: string;
  readonly requiresShipping: boolean;
}

/** What was agreed upon at checkout. Written once, with the order. */
export interface Snapshot {
  readonly lines: readonly OrderLine[];
  readonly totals: Totals;
  readonly shippingRateBasisPoints: number;
  readonly address: Address | null;
  readonly shippingOptionId: string | null;
  readonly couponCode: string | null;
  readonly note: string | null;
}

/**
 * What of an order is kept in stock and travels in a parcel; a voucher or a service does neither.
 */
export function goodsOf(
  lines: readonly Pick<OrderLine, "variantId" | "quantity" | "requiresShipping">[],
): { variantId: string; quantity: number }[] {
  return lines
    .filter((line) => line.requiresShipping)
    .map(({ variantId, quantity }) => ({ variantId, quantity }));
}

/** Tells whether a snapshot's sums are what its own lines, discount and shipping give. */
export function sumsAgree(snapshot: Snapshot): boolean {
  const { discount, shipping } = snapshot.totals;
  const again = totalsOf({ ...snapshot, discount, shipping });
  const lines = snapshot.lines.map(({ discount, net, tax }) => ({ discount, net, tax }));
  return (
    JSON.stringify(again.totals) === JSON.stringify(snapshot.totals) &&
    JSON.stringify(again.lines) === JSON.stringify(lines)
  );
}

/** Tells whether a timeline leads from "pending" to the status by allowed moves. */
export function timelineLeadsTo(
  status: OrderStatus,
  timeline: readonly Pick<TimelineEntry, "what">[],
): boolean {
  const path = timeline.flatMap(({ what }) => orderStatuses.filter((one) => one === what));
  if (path[0] !== "pending" || path.at(-1) !== status) return false;
  return path.slice(1).every((to, index) => orderMoves[path[index] ?? to].includes(to));
}

/** The id of the saga of an order's newest cancellation. Each cancellation has its own. */
export function cancellationId({
  orderId,
  timeline,
}: {
  readonly orderId: string;
  readonly timeline: readonly Pick<TimelineEntry, "what">[];
}): string {
  return `${orderId}:${timeline.filter(({ what }) => what === "cancelling").length}`;
}

/** What became of an order's money, as payments tells it. */
export interface MoneyOf {
  readonly state: string;
  readonly total: Money;
  readonly authorised: Money;
  readonly captured: Money;
  readonly refunded: Money;
}

const settledStates = new Set(["voided", "declined", "expired", "created"]);
const underWay = new Set(["voiding", "unknown", "authorising", "capturing"]);

/** Names the invariant that an order's status and its payment break, or null. */
export function moneyViolation(
  order: { readonly status: OrderStatus; readonly total: number; readonly refunded: number },
  payment: MoneyOf | null,
): string | null {
  const kept = payment === null ? 0 : payment.captured.amount - payment.refunded.amount;
  const isBooked = (payment?.refunded.amount ?? 0) === order.refunded;
  switch (order.status) {
    case "pending":
    case "cancelling":
      return null;
    case "rejected":
    case "cancelled":
      if (payment === null || underWay.has(payment.state)) return null;
      if (!isBooked) return "M4";
      if (payment.state === "captured") return kept === 0 ? null : "M4";
      return settledStates.has(payment.state) && kept === 0 ? null : "O7";
    case "confirmed":
    case "completed":
      if (payment === null || payment.total.amount !== order.total) return "M3";
      if (!isBooked) return "M4";
      if (order.status === "confirmed" && payment.captured.amount === 0) return null;
      return kept === order.total - order.refunded ? null : "M4";
  }
}

/** Names the invariant that an order's status and its reservation break, or null. */
export function stockViolation(
  status: OrderStatus,
  reservation: { readonly state: string } | null,
  hasGoods: boolean,
): string | null {
  if (!hasGoods) return null;
  const state = reservation?.state ?? "released";
  if (status === "rejected" || status === "cancelled") {
    return state === "released" || state === "expired" ? null : "O7";
  }
  if (status === "confirmed" || status === "completed") {
    return state === "committed" || state === "consumed" ? null : "O5";
  }
  return null;
}
