import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import type { Call, Read } from "#runtime";
import { orders } from "../contract.ts";
import {
  goodsOf,
  moneyViolation,
  stockViolation,
  sumsAgree,
  timelineLeadsTo,
} from "../domain/order.ts";
import { ordersSince, overdueOrders, ownViolations, redemptionOf } from "../store/books.ts";
import { orderById, type StoredOrder } from "../store/orders.ts";
import { handler } from "../uses.ts";

const ordersMax = 1_000;
const detailsMax = 100;
/** Violations told at once, at most. */
const violationsMax = 500;
const callsAtOnce = 25;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

type Violation = { invariant: string; detail: string };
type Neighbours = Call<typeof inventory.reservationOf | typeof payments.paymentOfOrder>;

export const reconcile = handler(orders.reconcile, async ({ sinceMs }, { read, call, now }) => {
  const batch = ordersSince(read, { sinceMs: sinceMs ?? now() - dayMs, limit: ordersMax });
  const violations = [
    ...ownViolations(read, detailsMax),
    ...overdue(read, now()),
    ...batch.flatMap((order) => ownBooks(read, order)),
    ...(await call(inventory.audit, {})),
    ...(await call(payments.audit, {})),
    ...(await call(shipping.audit, {})),
  ];
  for (let from = 0; from < batch.length; from += callsAtOnce) {
    const some = batch.slice(from, from + callsAtOnce);
    const found = await Promise.all(some.map((order) => acrossTwice(read, call, order)));
    violations.push(...found.flat());
  }
  return { checkedOrders: batch.length, violations: violations.slice(0, violationsMax) };
});

/** O8: pending orders end within 20 minutes, and cancellations within a day. */
function overdue(read: Read, nowMs: number): Violation[] {
  const limits = { pendingMs: nowMs - 20 * minuteMs, cancellingMs: nowMs - dayMs };
  return overdueOrders(read, { ...limits, limit: detailsMax }).map(({ orderId, status }) => ({
    invariant: "O8",
    detail: `The order ${orderId} has been ${status} for too long.`,
  }));
}

function ownBooks(read: Read, order: StoredOrder): Violation[] {
  const { orderId, status, snapshot, timeline, refunded, total } = order;
  const found: Violation[] = [];
  function check(invariant: string, holds: boolean, detail: string) {
    if (!holds) found.push({ invariant, detail: `The order ${orderId}: ${detail}.` });
  }
  check("M2", sumsAgree(snapshot), "its sums do not follow from its lines");
  check("M2", snapshot.totals.total.amount === total, "its total is not that of its snapshot");
  check("P3", refunded <= total, "more was refunded than it cost");
  check("O4", timelineLeadsTo(status, timeline), `its timeline does not lead to ${status}`);
  const redemption = redemptionOf(read, orderId);
  if (snapshot.couponCode !== null) {
    const ended = status === "rejected" || status === "cancelled";
    check("O7", (redemption === "released") === ended, `its coupon is ${redemption}`);
  }
  return found;
}

/**
 * The modules are not read at one instant, so what looks wrong is looked at once more, with the
 * order as it is by then; an order that is still under way is judged by neither look.
 */
async function acrossTwice(read: Read, call: Neighbours, order: StoredOrder): Promise<Violation[]> {
  const first = await across(call, order);
  if (first.length === 0) return first;
  return await across(call, orderById(read, order.orderId) ?? order);
}

async function across(call: Neighbours, order: StoredOrder): Promise<Violation[]> {
  const { orderId, status, snapshot } = order;
  const [payment, reservation] = await Promise.all([
    call(payments.paymentOfOrder, { orderId }),
    call(inventory.reservationOf, { orderId }),
  ]);
  const found: Violation[] = [];
  const money = moneyViolation(order, payment);
  if (money !== null) {
    const detail = `The order ${orderId} is ${status}, its payment ${JSON.stringify(payment)}.`;
    found.push({ invariant: money, detail });
  }
  const stock = stockViolation(status, reservation, goodsOf(snapshot.lines).length > 0);
  if (stock !== null) {
    const state = reservation?.state ?? "missing";
    const detail = `The order ${orderId} is ${status}, its reservation ${state}.`;
    found.push({ invariant: stock, detail });
  }
  return found;
}
