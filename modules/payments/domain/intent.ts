import type { Fact } from "./ledger.ts";

/** What we write on an intent, so that its outcome can be found when the answer was lost. */
export interface IntentMetadata {
  readonly paymentId: string;
  readonly orderId: string;
  readonly attempt: number;
  /** The operation that created the intent: its idempotency key. */
  readonly operationId: string;
}

/** A capture or refund, as the provider keeps it. `operationId` is the key that asked for it. */
export interface ProviderMovement {
  readonly id: string;
  readonly operationId: string | null;
  readonly amount: number;
  readonly status: "pending" | "succeeded" | "failed";
  readonly reason: string | null;
}

/**
 * A payment as the provider sees it at one moment. Every answer and every webhook carries a whole
 * one; an older one says less, never anything false.
 */
export interface ProviderIntent {
  readonly id: string;
  readonly status:
    | "requires_payment_method"
    | "requires_action"
    | "requires_capture"
    | "succeeded"
    | "canceled";
  readonly amount: number;
  readonly currency: string;
  readonly createdAtMs: number;
  /** True once the bank held the money, also when it was released later. */
  readonly authorised: boolean;
  readonly actionUrl: string | null;
  readonly declineCode: string | null;
  readonly cancellation: "requested" | "expired" | null;
  readonly metadata: IntentMetadata;
  readonly captures: readonly ProviderMovement[];
  readonly refunds: readonly ProviderMovement[];
}

/** The facts that a snapshot of an intent proves. */
export function factsOf(intent: ProviderIntent): Fact[] {
  const { operationId } = intent.metadata;
  const about = { amount: intent.amount, providerRef: intent.id, operationId };
  const facts: Fact[] = [];
  if (intent.authorised) facts.push({ ...about, kind: "authorised", detail: null });
  if (intent.status === "requires_action") {
    facts.push({ ...about, kind: "action_required", detail: intent.actionUrl });
  }
  if (intent.declineCode !== null) {
    facts.push({ ...about, kind: "declined", detail: intent.declineCode });
  }
  if (intent.status === "canceled") {
    const kind = intent.cancellation === "expired" ? "expired" : "voided";
    facts.push({ ...about, kind, detail: null });
  }
  for (const capture of intent.captures) facts.push(...movementFacts(capture, captureKinds));
  for (const refund of intent.refunds) facts.push(...movementFacts(refund, refundKinds));
  return facts;
}

const captureKinds = { pending: null, succeeded: "captured", failed: "capture_failed" } as const;
const refundKinds = {
  pending: "refund_pending",
  succeeded: "refunded",
  failed: "refund_failed",
} as const;

function movementFacts(
  movement: ProviderMovement,
  kinds: typeof captureKinds | typeof refundKinds,
): Fact[] {
  const kind = kinds[movement.status];
  if (kind === null) return [];
  const { amount, operationId, reason } = movement;
  return [{ kind, amount, operationId, providerRef: movement.id, detail: reason }];
}
