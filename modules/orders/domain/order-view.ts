import { money, type OutputOf } from "#runtime";
import type { orders } from "../contract.ts";
import type { OrderStatus, Rejection, Snapshot, TimelineEntry } from "./order.ts";

export type OrderView = OutputOf<typeof orders.orderById>;

/** Entries of a timeline shown, at most: the newest. */
const timelineMax = 500;

/** The order as its customer sees it. */
export function orderView(order: {
  readonly orderId: string;
  readonly number: number;
  readonly status: OrderStatus;
  readonly email: string;
  readonly currency: string;
  readonly refunded: number;
  readonly rejection: string | null;
  readonly placedAtMs: number;
  readonly snapshot: Snapshot;
  readonly timeline: TimelineEntry[];
}): OrderView {
  const { orderId, number, status, email, currency, placedAtMs, timeline, snapshot } = order;
  const rejection: Rejection | null = order.rejection === null ? null : JSON.parse(order.rejection);
  return {
    orderId,
    number,
    status,
    email,
    currency,
    lines: snapshot.lines.map(
      ({ variantId, sku, title, quantity, unitPrice, discount, net, tax }) => ({
        variantId,
        sku,
        title,
        quantity,
        unitPrice,
        discount,
        net,
        tax,
      }),
    ),
    address: snapshot.address,
    couponCode: snapshot.couponCode,
    totals: snapshot.totals,
    refunded: money(order.refunded, currency),
    rejection,
    placedAtMs,
    timeline: timeline.slice(-timelineMax),
  };
}
