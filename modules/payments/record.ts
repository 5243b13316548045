import type { Transaction } from "#runtime";
import { payments } from "./contract.ts";
import {
  type Fact,
  isOpen,
  nextLookMs,
  type OperationState,
  outcomeOf,
  standing,
} from "./domain/ledger.ts";
import { refundIdOf } from "./domain/refunds.ts";
import type { OperationRow, PaymentRow } from "./store.ts";
import * as store from "./store.ts";

/** What came of asking the provider. */
export interface Answer {
  readonly facts: readonly Fact[];
  /** What the provider calls the payment, when it said so. */
  readonly reference: string | null;
  /**
   * Operations that the answer settles without a fact: unknown after a time-out, failed if refused.
   */
  readonly outcomes: ReadonlyMap<string, "unknown" | "failed">;
  /** How many rounds of asking have brought no certainty. */
  readonly round?: number;
}

/**
 * The one way in which anything becomes known of a payment: answers, inquiries and webhooks all
 * come here. Adds the facts that are new, folds, tells of what changed, and plans the next look.
 */
export function record(tx: Transaction, before: PaymentRow, answer: Answer): PaymentRow {
  const { paymentId } = before;
  const entries = store.entriesOf(tx, paymentId);
  const fresh = answer.facts.filter((fact) => !entries.some((known) => isSame(known, fact)));
  for (const fact of fresh) store.addEntry(tx, { ...fact, paymentId }, tx.now);
  const facts: Fact[] = [...entries, ...fresh];

  const operations = store.operationsOf(tx, paymentId);
  const settled = operations.map((one) => settle(tx, one, { facts, answer }));
  const now = standing(facts, settled);
  const reference = before.reference ?? answer.reference;
  store.setStanding(tx, paymentId, { ...now, reference });

  const { conflicting: _, ...columns } = now;
  const after: PaymentRow = { ...before, ...columns, reference };
  for (const fact of fresh) tell(tx, after, { fact, facts, operations: settled });
  if (after.state === "unknown" && before.state !== "unknown") {
    tx.emit(payments.paymentUnknown, { orderId: after.orderId, paymentId });
  }
  plan(tx, after, { round: answer.round ?? 0, now: now.conflicting && fresh.length > 0 });
  return after;
}

/** Plans when the provider is asked next; one plan for each payment. */
export function plan(
  tx: Transaction,
  payment: PaymentRow,
  { round, now }: { readonly round: number; readonly now: boolean },
): void {
  const { paymentId } = payment;
  const reversed = payment.reversed === 1;
  const atMs = now ? tx.now : nextLookMs({ ...payment, reversed }, round, tx.now);
  if (atMs === null) tx.unschedule(payments.resolvePayment, paymentId);
  else tx.schedule(payments.resolvePayment, { paymentId, round }, { key: paymentId, atMs });
}

function isSame(one: Fact, other: Fact): boolean {
  return one.kind === other.kind && one.providerRef === other.providerRef;
}

function settle(
  tx: Transaction,
  operation: OperationRow,
  { facts, answer }: { readonly facts: readonly Fact[]; readonly answer: Answer },
): OperationRow {
  const proven = outcomeOf(operation, facts);
  const said = answer.outcomes.get(operation.operationId);
  const state: OperationState = isOpen({ state: proven }) && said !== undefined ? said : proven;
  if (state === operation.state) return operation;
  store.setOperation(tx, operation.operationId, state);
  return { ...operation, state };
}

interface News {
  readonly fact: Fact;
  readonly facts: readonly Fact[];
  readonly operations: readonly OperationRow[];
}

/** Tells of one new fact, unless something known already overrules it. */
function tell(tx: Transaction, payment: PaymentRow, { fact, facts, operations }: News): void {
  const { orderId, paymentId, currency, state } = payment;
  const about = { orderId, paymentId };
  const amount = { amount: fact.amount, currency };
  const reason = fact.detail ?? "unknown";
  const overruled = (kind: Fact["kind"]) => facts.some((one) => isSame(one, { ...fact, kind }));
  const refundId = refundIdOf(fact, operations);
  switch (fact.kind) {
    case "action_required":
      if (state !== "action_required" || payment.actionUrl === null) return;
      return tx.emit(payments.paymentActionRequired, { ...about, actionUrl: payment.actionUrl });
    case "authorised":
      return tx.emit(payments.paymentAuthorised, { ...about, amount });
    case "declined":
      if (state !== "declined") return;
      return tx.emit(payments.paymentDeclined, { ...about, code: reason });
    case "voided":
      return tx.emit(payments.paymentVoided, about);
    case "expired":
      return tx.emit(payments.authorisationExpired, about);
    case "captured":
      if (overruled("capture_failed")) return;
      return tx.emit(payments.paymentCaptured, { ...about, amount });
    case "capture_failed":
      return tx.emit(payments.captureFailed, { ...about, reason });
    case "refunded":
      if (overruled("refund_failed")) return;
      return tx.emit(payments.refundSucceeded, { ...about, refundId, amount });
    case "refund_failed":
      return tx.emit(payments.refundFailed, { ...about, refundId, reason });
    case "refund_pending":
      return;
  }
}
