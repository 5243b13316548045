/** What can be known of a payment, in the words of the ledger. */
export const factKinds = [
  "action_required",
  "authorised",
  "declined",
  "voided",
  "expired",
  "captured",
  "capture_failed",
  "refund_pending",
  "refunded",
  "refund_failed",
] as const;
type FactKind = (typeof factKinds)[number];

/** Something that is true once and for all, as the provider said it. Kind and reference name it. */
export interface Fact {
  readonly kind: FactKind;
  readonly amount: number;
  readonly providerRef: string;
  readonly operationId: string | null;
  /** The address of the 3-D Secure page, a decline code or a reason. */
  readonly detail: string | null;
}

export const operationKinds = ["authorise", "capture", "void", "refund"] as const;
export const operationStates = ["sent", "unknown", "pending", "succeeded", "failed"] as const;
export type OperationState = (typeof operationStates)[number];

/** Something that we asked of the provider, under a key that never changes. */
export interface Operation {
  readonly operationId: string;
  readonly kind: (typeof operationKinds)[number];
  readonly amount: number;
  readonly state: OperationState;
}

export const paymentStates = [
  "created",
  "authorising",
  "authorised",
  "action_required",
  "declined",
  "unknown",
  "capturing",
  "captured",
  "voiding",
  "voided",
  "expired",
] as const;
export type PaymentState = (typeof paymentStates)[number];

/** How a payment stands: everything about it that follows from its ledger and operations. */
export interface Standing {
  readonly state: PaymentState;
  readonly authorised: number;
  readonly captured: number;
  readonly refunded: number;
  /** Asked to be given back, and not yet known to have been or not. */
  readonly pendingRefunds: number;
  readonly actionUrl: string | null;
  readonly declineCode: string | null;
  /** Facts that cannot both be: the provider must be asked. */
  readonly conflicting: boolean;
}

/**
 * Folds facts and operations. The order and repetition of facts make no difference: each is a
 * member of a set, and the set decides.
 */
export function standing(facts: readonly Fact[], operations: readonly Operation[]): Standing {
  const captured = lasting(facts, "captured", "capture_failed");
  const settled = settledState(facts, captured.length > 0);
  const state = overlaid(settled, operations);
  return {
    state,
    authorised: Math.max(0, ...of(facts, "authorised").map(({ amount }) => amount)),
    captured: sum(captured),
    refunded: sum(lasting(facts, "refunded", "refund_failed")),
    pendingRefunds: sum(
      operations.filter((one) => one.kind === "refund" && !isDefinite(one.state)),
    ),
    actionUrl: state === "action_required" ? firstDetail(facts, "action_required") : null,
    declineCode: state === "declined" ? firstDetail(facts, "declined") : null,
    conflicting: contradicts(facts, captured.length > 0),
  };
}

/** What became of an operation, judged by the facts; without one it stands as before. */
export function outcomeOf(operation: Operation, facts: readonly Fact[]): OperationState {
  const known = (...kinds: FactKind[]) => facts.some(({ kind }) => kinds.includes(kind));
  const own = facts.filter(({ operationId }) => operationId === operation.operationId);
  const mine = (kind: FactKind) => own.some((fact) => fact.kind === kind);
  switch (operation.kind) {
    case "authorise":
      if (known("authorised", "captured")) return "succeeded";
      if (known("declined", "voided", "expired")) return "failed";
      return known("action_required") ? "pending" : operation.state;
    case "capture":
      if (mine("capture_failed")) return "failed";
      if (mine("captured")) return "succeeded";
      return known("voided", "expired") ? "failed" : operation.state;
    case "void":
      if (known("voided")) return "succeeded";
      return known("declined", "expired", "captured") ? "failed" : operation.state;
    case "refund":
      if (mine("refund_failed")) return "failed";
      if (mine("refunded")) return "succeeded";
      return mine("refund_pending") ? "pending" : operation.state;
  }
}

/** True when the provider has said what became of the operation. */
export function isDefinite(state: OperationState): boolean {
  return state === "succeeded" || state === "failed";
}

/** True when no answer to the operation has come: it must be sent again under its key. */
export function isOpen({ state }: { readonly state: OperationState }): boolean {
  return state === "sent" || state === "unknown";
}

/** What may still be given back. */
export function refundable(
  payment: Pick<Standing, "captured" | "refunded" | "pendingRefunds">,
): number {
  return payment.captured - payment.refunded - payment.pendingRefunds;
}

type Balance = Pick<Standing, "state" | "captured" | "refunded" | "pendingRefunds">;

/** What makes a payment whole next: nothing, a void or refund, or patience. */
export function nextUndo(payment: Balance): "whole" | "wait" | "void" | "refund" {
  switch (payment.state) {
    case "declined":
    case "voided":
    case "expired":
      return "whole";
    case "authorised":
    case "action_required":
      return "void";
    case "captured":
      if (payment.pendingRefunds > 0) return "wait";
      return refundable(payment) > 0 ? "refund" : "whole";
    default:
      return "wait";
  }
}

const PAUSE_FIRST_MS = 1_000;
const PAUSE_MAX_MS = 15 * 60_000;
/** How long an answer may take before we ask for it. */
const ANSWER_MS = 15_000;
/** What the card schemes give an authorisation; then the provider lets it go. */
const AUTHORISATION_LIFE_MS = 7 * 24 * 60 * 60_000;

/**
 * When the provider must next be asked about a payment, or null when nothing can change any more.
 * Pauses double with each round that brought no certainty.
 */
export function nextLookMs(
  payment: Balance & { readonly reversed: boolean; readonly createdAtMs: number },
  round: number,
  nowMs: number,
): number | null {
  const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** Math.min(round, 20), PAUSE_MAX_MS);
  if (payment.reversed && nextUndo(payment) !== "whole") return nowMs + pauseMs;
  switch (payment.state) {
    case "authorising":
      return nowMs + Math.max(pauseMs, ANSWER_MS);
    case "unknown":
    case "capturing":
    case "voiding":
      return nowMs + pauseMs;
    case "action_required":
      return nowMs + Math.max(pauseMs, 60_000);
    case "authorised":
      return Math.max(payment.createdAtMs + AUTHORISATION_LIFE_MS, nowMs + pauseMs);
    default:
      return payment.pendingRefunds > 0 ? nowMs + pauseMs : null;
  }
}

function settledState(facts: readonly Fact[], captured: boolean): PaymentState {
  if (captured) return "captured";
  const order = ["voided", "expired", "authorised", "declined", "action_required"] as const;
  return order.find((kind) => facts.some((fact) => fact.kind === kind)) ?? "created";
}

function overlaid(settled: PaymentState, operations: readonly Operation[]): PaymentState {
  const underWay = (kind: Operation["kind"]) =>
    operations.find((one) => one.kind === kind && isOpen(one));
  if (settled === "created") {
    const authorise = operations.find(({ kind }) => kind === "authorise");
    if (authorise === undefined) return "created";
    return authorise.state === "unknown" ? "unknown" : "authorising";
  }
  if (settled !== "authorised" && settled !== "action_required") return settled;
  if (underWay("void") !== undefined) return "voiding";
  return settled === "authorised" && underWay("capture") !== undefined ? "capturing" : settled;
}

/** What happened, without what the provider took back later. */
function lasting(facts: readonly Fact[], done: FactKind, undone: FactKind): Fact[] {
  const taken = new Set(of(facts, undone).map(({ providerRef }) => providerRef));
  const found = new Map<string, Fact>();
  for (const fact of of(facts, done)) {
    if (!taken.has(fact.providerRef)) found.set(fact.providerRef, fact);
  }
  return [...found.values()];
}

function contradicts(facts: readonly Fact[], captured: boolean): boolean {
  const has = (kind: FactKind) => facts.some((fact) => fact.kind === kind);
  if (has("declined") && has("authorised")) return true;
  return captured && (has("voided") || has("expired") || has("declined"));
}

function of(facts: readonly Fact[], kind: FactKind): Fact[] {
  return facts.filter((fact) => fact.kind === kind);
}

/** The smallest, so that the order of facts makes no difference. */
function firstDetail(facts: readonly Fact[], kind: FactKind): string | null {
  const details = of(facts, kind).flatMap(({ detail }) => detail ?? []);
  return details.sort()[0] ?? null;
}

function sum(amounts: readonly { readonly amount: number }[]): number {
  return amounts.reduce((total, { amount }) => total + amount, 0);
}
