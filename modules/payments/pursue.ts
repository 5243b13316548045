import type { Read, Synchronous, Transaction } from "#runtime";
import { isOpen } from "./domain/ledger.ts";
import { current, type Opened, openUndo } from "./operations.ts";
import { inquire, type Outside, refusalOf, send, silence } from "./provider-answers.ts";
import { type Answer, record } from "./record.ts";
import type { PaymentRow } from "./store.ts";
import * as store from "./store.ts";

/** A handler's way to commit before it answers. */
export type Intent = <T>(work: (tx: Transaction) => Synchronous<T>) => Promise<T>;

export interface Pursuit extends Outside {
  readonly read: Read;
  readonly intent: Intent;
  /** How many rounds of asking have brought no certainty. */
  readonly round: number;
}

/** Steps that one pursuit takes to make an order whole, at most; the rest waits for the next. */
const UNDO_STEPS_MAX = 4;
/**
 * From this round after a reversal on, a request that the provider does not know of will never
 * reach it: a request lives for two minutes at most. No clock tells that, since it may be set
 * forward by hours meanwhile, but the pauses between rounds do: they double from a second on, and
 * also without the longest, which a clock may have cut short, the first eight last 127 s.
 */
const LATE_ROUND = 7;

/**
 * Asks the provider how a payment stands, sends again under its key what had no answer, and goes on
 * with a reversal. Everything learnt is committed as it comes.
 */
export async function pursue(pursuit: Pursuit, paymentId: string): Promise<PaymentRow> {
  const { read } = pursuit;
  const payment = current(read, paymentId);
  const learnt = await inquire(pursuit, payment, store.operationsOf(read, paymentId));
  await recorded(pursuit, paymentId, learnt ?? silence);

  for (const operation of store.operationsOf(read, paymentId).filter(isOpen)) {
    const opened = { payment: current(read, paymentId), operation };
    const answer = await insist(pursuit, opened, learnt !== null);
    if (answer !== null) await recorded(pursuit, paymentId, answer);
  }
  await makeWhole(pursuit, payment.orderId);
  return current(read, paymentId);
}

/** Voids and refunds what an order that was reversed still holds, as far as it is known. */
export async function makeWhole(pursuit: Pursuit, orderId: string): Promise<void> {
  for (let step = 0; step < UNDO_STEPS_MAX; step++) {
    const undo = await pursuit.intent((tx) => openUndo(tx, orderId));
    if (undo === null) return;
    const answer = await send(pursuit, undo.payment, undo.operation);
    await recorded(pursuit, undo.payment.paymentId, answer);
  }
}

function recorded({ intent, round }: Pursuit, paymentId: string, answer: Answer) {
  return intent((tx) => record(tx, current(tx, paymentId), { ...answer, round }));
}

/**
 * Sends again what had no answer. An authorisation that nobody wants any more is not: it is waited
 * for as long as it may still arrive, and then known not to have, if the provider says that it
 * does not know it: silence is no such word.
 */
async function insist(
  pursuit: Pursuit,
  { payment, operation }: Opened,
  hasAnswered: boolean,
): Promise<Answer | null> {
  if (operation.kind !== "authorise" || payment.reversed === 0) {
    return send(pursuit, payment, operation);
  }
  const tooLate = pursuit.round >= LATE_ROUND;
  return tooLate && hasAnswered ? refusalOf(operation, "not_received") : null;
}
