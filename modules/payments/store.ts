import { and, desc, eq, sql } from "drizzle-orm";
import { type Read, reads, type Write, writes } from "#runtime";
import type { Fact, OperationState, Standing } from "./domain/ledger.ts";
import * as schema from "./schema.ts";
import { entries, operations, payments, providerEvents, reversals } from "./schema.ts";

export type PaymentRow = typeof payments.$inferSelect;
export type OperationRow = typeof operations.$inferSelect;
export type EntryRow = typeof entries.$inferSelect;

const slot = sql.placeholder;
const put = (name: string) => sql`${slot(name)}`;

const read = reads(schema, { stablePlans: true }, (db) => ({
  payment: db
    .select()
    .from(payments)
    .where(eq(payments.paymentId, slot("paymentId")))
    .prepare(),
  paymentsOfOrder: db
    .select()
    .from(payments)
    .where(eq(payments.orderId, slot("orderId")))
    .orderBy(desc(payments.attempt))
    .prepare(),
  operations: db
    .select()
    .from(operations)
    .where(eq(operations.paymentId, slot("paymentId")))
    .prepare(),
  entries: db
    .select()
    .from(entries)
    .where(eq(entries.paymentId, slot("paymentId")))
    .prepare(),
  reversal: db
    .select()
    .from(reversals)
    .where(eq(reversals.orderId, slot("orderId")))
    .prepare(),
  event: db
    .select()
    .from(providerEvents)
    .where(
      and(
        eq(providerEvents.provider, slot("provider")),
        eq(providerEvents.eventId, slot("eventId")),
      ),
    )
    .prepare(),
}));

const write = writes(schema, { stablePlans: true }, (db) => ({
  addPayment: db
    .insert(payments)
    .values({
      paymentId: slot("paymentId"),
      orderId: slot("orderId"),
      attempt: slot("attempt"),
      currency: slot("currency"),
      total: slot("total"),
      state: "authorising",
      authorised: 0,
      captured: 0,
      refunded: 0,
      pendingRefunds: 0,
      reversed: 0,
      createdAtMs: slot("nowMs"),
    })
    .prepare(),
  setStanding: db
    .update(payments)
    .set({
      state: put("state"),
      authorised: put("authorised"),
      captured: put("captured"),
      refunded: put("refunded"),
      pendingRefunds: put("pendingRefunds"),
      actionUrl: put("actionUrl"),
      declineCode: put("declineCode"),
      reference: put("reference"),
    })
    .where(eq(payments.paymentId, slot("paymentId")))
    .prepare(),
  setReversed: db
    .update(payments)
    .set({ reversed: 1 })
    .where(eq(payments.orderId, slot("orderId")))
    .prepare(),
  addOperation: db
    .insert(operations)
    .values({
      operationId: slot("operationId"),
      paymentId: slot("paymentId"),
      kind: slot("kind"),
      n: slot("n"),
      amount: slot("amount"),
      state: "sent",
      cause: slot("cause"),
      refundId: slot("refundId"),
      token: slot("token"),
      sentAtMs: slot("nowMs"),
    })
    .prepare(),
  setOperation: db
    .update(operations)
    .set({
      state: put("state"),
      token: sql`iif(${slot("state")} IN ('sent', 'unknown'), ${operations.token}, NULL)`,
    })
    .where(eq(operations.operationId, slot("operationId")))
    .prepare(),
  addEntry: db
    .insert(entries)
    .values({
      paymentId: slot("paymentId"),
      kind: slot("kind"),
      amount: slot("amount"),
      providerRef: slot("providerRef"),
      operationId: slot("operationId"),
      detail: slot("detail"),
      atMs: slot("nowMs"),
    })
    .prepare(),
  addReversal: db
    .insert(reversals)
    .values({ orderId: slot("orderId"), reason: slot("reason"), atMs: slot("nowMs") })
    .onConflictDoNothing()
    .prepare(),
  addEvent: db
    .insert(providerEvents)
    .values({
      provider: slot("provider"),
      eventId: slot("eventId"),
      paymentId: slot("paymentId"),
      state: "stored",
      body: slot("body"),
      atMs: slot("nowMs"),
    })
    .onConflictDoNothing()
    .prepare(),
  setEvent: db
    .update(providerEvents)
    .set({ state: put("state") })
    .where(
      and(
        eq(providerEvents.provider, slot("provider")),
        eq(providerEvents.eventId, slot("eventId")),
      ),
    )
    .prepare(),
  forgetEvents: db
    .delete(providerEvents)
    .where(
      sql`${providerEvents.position} IN (SELECT position FROM provider_events
        WHERE at_ms < ${slot("beforeMs")} ORDER BY at_ms LIMIT 20)`,
    )
    .prepare(),
}));

export function paymentOf(on: Read, paymentId: string): PaymentRow | undefined {
  return read(on).payment.get({ paymentId });
}

/** Every attempt to pay an order, the newest first. */
export function paymentsOfOrder(on: Read, orderId: string): PaymentRow[] {
  return read(on).paymentsOfOrder.all({ orderId });
}

export function operationsOf(on: Read, paymentId: string): OperationRow[] {
  return read(on).operations.all({ paymentId });
}

export function entriesOf(on: Read, paymentId: string): EntryRow[] {
  return read(on).entries.all({ paymentId });
}

export function isReversed(on: Read, orderId: string): boolean {
  return read(on).reversal.get({ orderId }) !== undefined;
}

export function addPayment(
  tx: Write,
  payment: Pick<PaymentRow, "paymentId" | "orderId" | "attempt" | "currency" | "total">,
  nowMs: number,
): PaymentRow {
  write(tx).addPayment.run({ ...payment, nowMs });
  return {
    ...payment,
    state: "authorising",
    authorised: 0,
    captured: 0,
    refunded: 0,
    pendingRefunds: 0,
    actionUrl: null,
    declineCode: null,
    reference: null,
    reversed: 0,
    createdAtMs: nowMs,
  };
}

/** Stores what the fold says of a payment. */
export function setStanding(
  tx: Write,
  paymentId: string,
  now: Omit<Standing, "conflicting"> & { readonly reference: string | null },
): void {
  const { state, authorised, captured, refunded, pendingRefunds } = now;
  const { actionUrl, declineCode, reference } = now;
  const sums = { authorised, captured, refunded, pendingRefunds };
  write(tx).setStanding.run({ paymentId, state, ...sums, actionUrl, declineCode, reference });
}

export function addOperation(tx: Write, row: Omit<OperationRow, "state">): OperationRow {
  const { sentAtMs: nowMs, ...values } = row;
  write(tx).addOperation.run({ ...values, nowMs });
  return { ...row, state: "sent" };
}

/** Records an operation's outcome; a definite one forgets the card token. */
export function setOperation(tx: Write, operationId: string, state: OperationState): void {
  write(tx).setOperation.run({ operationId, state });
}

export function addEntry(
  tx: Write,
  { paymentId, ...fact }: Fact & { readonly paymentId: string },
  nowMs: number,
): void {
  const { kind, amount, providerRef, operationId, detail } = fact;
  write(tx).addEntry.run({ paymentId, kind, amount, providerRef, operationId, detail, nowMs });
}

/** Marks an order for ever as one whose money must be whole. */
export function addReversal(
  tx: Write,
  reversal: { readonly orderId: string; readonly reason: string },
  nowMs: number,
): void {
  write(tx).addReversal.run({ ...reversal, nowMs });
  write(tx).setReversed.run({ orderId: reversal.orderId });
}

export type EventKey = { readonly provider: string; readonly eventId: string };

export function eventStateOf(on: Read, key: EventKey): "stored" | "folded" | "parked" | undefined {
  return read(on).event.get(key)?.state;
}

const EVENTS_KEPT_MS = 90 * 24 * 60 * 60_000;

/** Keeps a webhook as it came, once, and forgets some that are older than 90 days. */
export function addEvent(
  tx: Write,
  event: EventKey & { readonly paymentId: string | null; readonly body: string },
  nowMs: number,
): void {
  write(tx).addEvent.run({ ...event, nowMs });
  write(tx).forgetEvents.run({ beforeMs: nowMs - EVENTS_KEPT_MS });
}

export function setEvent(tx: Write, key: EventKey, state: "folded" | "parked"): void {
  write(tx).setEvent.run({ ...key, state });
}
