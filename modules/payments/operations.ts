import type { Read, Transaction } from "#runtime";
import { isOpen, nextUndo, refundable } from "./domain/ledger.ts";
import { plan, record } from "./record.ts";
import type { OperationRow, PaymentRow } from "./store.ts";
import * as store from "./store.ts";

/** A payment and what is to be asked of the provider about it. */
export interface Opened {
  readonly payment: PaymentRow;
  readonly operation: OperationRow;
}

const nothing = { facts: [], reference: null, outcomes: new Map() } as const;

/** Opens a payment with its authorisation, before anyone outside hears of it. */
export function openPayment(
  tx: Transaction,
  wanted: {
    readonly orderId: string;
    readonly attempt: number;
    readonly amount: { readonly amount: number; readonly currency: string };
    readonly token: string;
  },
): Opened {
  const { orderId, attempt, amount, token } = wanted;
  const paymentId = tx.newId("pay");
  const { currency, amount: total } = amount;
  const payment = store.addPayment(tx, { paymentId, orderId, attempt, currency, total }, tx.now);
  const operation = store.addOperation(tx, {
    operationId: tx.newId("op"),
    paymentId,
    kind: "authorise",
    n: 1,
    amount: total,
    cause: "request",
    refundId: null,
    token,
    sentAtMs: tx.now,
  });
  plan(tx, payment, { round: 0, now: false });
  return { payment, operation };
}

/** Opens another operation on a payment. Its key is fixed here, and for ever. */
export function openOperation(
  tx: Transaction,
  payment: PaymentRow,
  wanted: Pick<OperationRow, "kind" | "amount" | "cause"> & { readonly refundId?: string },
): Opened {
  const { kind, amount, cause, refundId = null } = wanted;
  const { paymentId } = payment;
  const n = store.operationsOf(tx, paymentId).filter((one) => one.kind === kind).length + 1;
  const operation = store.addOperation(tx, {
    operationId: tx.newId("op"),
    paymentId,
    kind,
    n,
    amount,
    cause,
    refundId,
    token: null,
    sentAtMs: tx.now,
  });
  return { payment: record(tx, payment, nothing), operation };
}

/** Opens the next void or refund that makes an order whole, or null when there is none to open. */
export function openUndo(tx: Transaction, orderId: string): Opened | null {
  if (!store.isReversed(tx, orderId)) return null;
  for (const payment of store.paymentsOfOrder(tx, orderId)) {
    const undo = nextUndo(payment);
    if (undo === "whole" || undo === "wait") continue;
    const amount = undo === "void" ? payment.authorised : refundable(payment);
    return openOperation(tx, payment, { kind: undo, amount, cause: "reversal" });
  }
  return null;
}

/** The operation of a kind that has had no answer, if any: it is sent again, not opened anew. */
export function unanswered(
  tx: Transaction,
  { paymentId }: PaymentRow,
  kind: OperationRow["kind"],
): OperationRow | undefined {
  return store.operationsOf(tx, paymentId).find((one) => one.kind === kind && isOpen(one));
}

/** A payment that is known to be there, as it is now. */
export function current(on: Read, paymentId: string): PaymentRow {
  const payment = store.paymentOf(on, paymentId);
  if (payment === undefined) {
    throw new Error(`The payment ${paymentId} is gone, though payments are never deleted.`);
  }
  return payment;
}
