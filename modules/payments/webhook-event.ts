import { moneySchema, parse, t } from "#runtime";
import type { ProviderEvent } from "./provider.ts";

const Name = t.String({ minLength: 1, maxLength: 200 });
const Reason = t.Union([t.String({ maxLength: 2_000 }), t.Null()]);
const AtMs = t.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });
const Amount = t.Integer({ minimum: 0, maximum: 1_000_000_000_000 });
const Movements = t.Array(
  t.Object({
    id: Name,
    operationId: t.Union([Name, t.Null()]),
    amount: Amount,
    status: t.Union([t.Literal("pending"), t.Literal("succeeded"), t.Literal("failed")]),
    reason: Reason,
  }),
  { maxItems: 1_000 },
);
const Intent = t.Object({
  id: Name,
  status: t.Union([
    t.Literal("requires_payment_method"),
    t.Literal("requires_action"),
    t.Literal("requires_capture"),
    t.Literal("succeeded"),
    t.Literal("canceled"),
  ]),
  amount: Amount,
  currency: moneySchema.properties.currency,
  createdAtMs: AtMs,
  authorised: t.Boolean(),
  actionUrl: Reason,
  declineCode: Reason,
  cancellation: t.Union([t.Literal("requested"), t.Literal("expired"), t.Null()]),
  metadata: t.Object({
    paymentId: Name,
    orderId: Name,
    attempt: t.Integer({ minimum: 1 }),
    operationId: Name,
  }),
  captures: Movements,
  refunds: Movements,
});
const Webhook = t.Object({ id: Name, type: Name, data: t.Object({ object: Intent }) });

/** Reads the body of a webhook. Throws an error that says why when it tells of no intent. */
export function readWebhook(body: string): ProviderEvent {
  const { id, type, data } = parse(Webhook, JSON.parse(body), "A webhook");
  return { eventId: id, type, intent: data.object };
}
