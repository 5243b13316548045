import type { ProviderIntent, ProviderMovement } from "../domain/intent.ts";
import type { Card } from "./card-token.ts";
import type { SimulatedIntent } from "./journal.ts";

/** What happens by itself, and when: the pace of the simulated world. */
export const SLOW_MS = 2_000;
const ACTION_LIFE_MS = 60 * 60_000;
const AUTHORISATION_LIFE_MS = 7 * 24 * 60 * 60_000;
const NEVER_MS = Number.MAX_SAFE_INTEGER;

type Opened = Pick<ProviderIntent, "status" | "authorised" | "actionUrl" | "declineCode">;

/** How a card answers an authorisation. A card that is not known declines. */
export function answerOf(card: Card, actionUrl: string): Opened {
  const held = { status: "requires_capture", authorised: true } as const;
  const nothing = { actionUrl: null, declineCode: null };
  switch (card) {
    case "ok":
    case "slow":
    case "timeout_before":
    case "timeout_after":
    case "capture_fails":
    case "capture_fails_late":
    case "refund_pending":
    case "refund_fails":
      return { ...nothing, ...held };
    case "3ds":
      return { status: "requires_action", authorised: false, actionUrl, declineCode: null };
    default:
      return {
        status: "requires_payment_method",
        authorised: false,
        actionUrl: null,
        declineCode: card === "decline" ? "card_declined" : "unknown_card",
      };
  }
}

/** When an intent changes by itself next. */
export function changeOf({ card, intent }: Omit<SimulatedIntent, "changesAtMs">, nowMs: number) {
  if (intent.status === "requires_action") return intent.createdAtMs + ACTION_LIFE_MS;
  if (intent.status === "requires_capture") return intent.createdAtMs + AUTHORISATION_LIFE_MS;
  if (intent.status !== "succeeded") return NEVER_MS;
  if (intent.refunds.some(({ status }) => status === "pending")) return nowMs + SLOW_MS;
  const doomed = card === "capture_fails_late" && intent.refunds.length === 0;
  return doomed && intent.captures.length === 1 ? nowMs + SLOW_MS : NEVER_MS;
}

/** What an intent becomes by itself when its time has come, and the webhook that says so. */
export function changed({ intent }: SimulatedIntent): { intent: ProviderIntent; type: string } {
  if (intent.status !== "succeeded") {
    return {
      intent: { ...intent, status: "canceled", cancellation: "expired", actionUrl: null },
      type: "payment_intent.canceled",
    };
  }
  if (intent.refunds.some(({ status }) => status === "pending")) {
    const refunds = intent.refunds.map((one) =>
      one.status === "pending" ? { ...one, status: "succeeded" as const } : one,
    );
    return { intent: { ...intent, refunds }, type: "refund.updated" };
  }
  const captures = intent.captures.map((one) => failed(one, "bank_revoked"));
  return {
    intent: { ...intent, status: "requires_capture", captures },
    type: "charge.capture_failed",
  };
}

/** An intent after a capture was asked for. */
export function captured(
  { card, intent }: SimulatedIntent,
  movement: Pick<ProviderMovement, "id" | "operationId">,
): ProviderIntent {
  const done = { ...movement, amount: intent.amount, status: "succeeded", reason: null } as const;
  if (card === "capture_fails") {
    return { ...intent, captures: [...intent.captures, failed(done, "capture_declined")] };
  }
  return { ...intent, status: "succeeded", captures: [...intent.captures, done] };
}

/** An intent after a refund was asked for. */
export function refunded(
  { card, intent }: SimulatedIntent,
  movement: Pick<ProviderMovement, "id" | "operationId" | "amount">,
): ProviderIntent {
  const status = card === "refund_pending" ? "pending" : "succeeded";
  const refund = { ...movement, status, reason: null } as const;
  const given = card === "refund_fails" ? failed(refund, "account_closed") : refund;
  return { ...intent, refunds: [...intent.refunds, given] };
}

function failed(movement: ProviderMovement, reason: string): ProviderMovement {
  return { ...movement, status: "failed", reason };
}
