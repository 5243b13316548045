import { isTransportError, type World } from "#runtime";
import { factsOf, type ProviderIntent } from "./domain/intent.ts";
import { type Fact, isOpen, outcomeOf } from "./domain/ledger.ts";
import { type PaymentProvider, ProviderRefusal, ProviderTimeout } from "./provider.ts";
import type { Answer } from "./record.ts";
import type { OperationRow, PaymentRow } from "./store.ts";

/** Where answers come from. */
export interface Outside {
  readonly provider: PaymentProvider;
  readonly log: World["log"];
}

/** What an answer teaches that tells nothing. */
export const silence: Answer = { facts: [], reference: null, outcomes: new Map() };

/**
 * Sends an operation under its key and says what came of it. It never rejects: no answer, for
 * whatever reason, is the answer that it is unknown.
 */
export async function send(
  outside: Outside,
  payment: PaymentRow,
  operation: OperationRow,
): Promise<Answer> {
  try {
    return heard(await dispatched(outside.provider, payment, operation));
  } catch (error) {
    const { operationId, kind } = operation;
    if (error instanceof ProviderRefusal) return refused(outside, payment, { operation, error });
    const fields = { operationId, kind, paymentId: payment.paymentId, error };
    const isSilence = error instanceof ProviderTimeout || isTransportError(error);
    if (isSilence) outside.log.info("provider gave no answer", fields);
    else outside.log.error("provider failed", fields);
    return { ...silence, outcomes: new Map([[operationId, "unknown"]]) };
  }
}

/** Asks how a payment stands; null when no answer came. */
export async function inquire(
  { provider, log }: Outside,
  payment: PaymentRow,
  operations: readonly OperationRow[],
): Promise<Answer | null> {
  const operationId = operations.find(({ kind }) => kind === "authorise")?.operationId ?? "";
  const { reference, paymentId } = payment;
  try {
    const found = await provider.intentOf(reference === null ? { operationId } : { reference });
    return found === null ? silence : heard(found);
  } catch (error) {
    log.warn("provider did not say how a payment stands", { paymentId, error });
    return null;
  }
}

/** What a snapshot of an intent teaches. */
export function heard(intent: ProviderIntent): Answer {
  return { ...silence, facts: factsOf(intent), reference: intent.id };
}

/** The fact that an operation was refused, or will never be carried out. */
export function refusalOf(operation: OperationRow, code: string): Answer {
  const { kind, amount, operationId } = operation;
  if (kind === "void") return { ...silence, outcomes: new Map([[operationId, "failed"]]) };
  const about = { amount, operationId, providerRef: operationId, detail: code };
  const fact: Fact = { ...about, kind: refusalKinds[kind] };
  return { ...silence, facts: [fact] };
}

const refusalKinds = {
  authorise: "declined",
  capture: "capture_failed",
  refund: "refund_failed",
} as const;

function dispatched(
  provider: PaymentProvider,
  payment: PaymentRow,
  operation: OperationRow,
): Promise<ProviderIntent> {
  const { operationId, kind, amount } = operation;
  if (kind === "authorise") {
    const { paymentId, orderId, attempt, currency } = payment;
    const metadata = { paymentId, orderId, attempt, operationId };
    const token = operation.token ?? "";
    return provider.authorise({ operationId, amount, currency, token, metadata });
  }
  const { reference } = payment;
  if (reference === null) {
    throw new Error(`The payment ${payment.paymentId} has no reference to ${kind} it by.`);
  }
  const request = { operationId, reference };
  if (kind === "capture") return provider.capture(request);
  if (kind === "void") return provider.cancel(request);
  return provider.refund({ ...request, amount });
}

/** A refusal may mean that it was done before: what the intent itself says goes first. */
async function refused(
  outside: Outside,
  payment: PaymentRow,
  { operation, error }: { readonly operation: OperationRow; readonly error: ProviderRefusal },
): Promise<Answer> {
  const now = (await inquire(outside, payment, [operation])) ?? silence;
  if (!isOpen({ state: outcomeOf(operation, now.facts) })) return now;
  const refusal = refusalOf(operation, error.code);
  return { ...refusal, facts: [...now.facts, ...refusal.facts], reference: now.reference };
}
