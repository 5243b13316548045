import type { Invariant, Rows } from "#runtime/simulation";
import type { PaymentProvider } from "../../modules/payments/provider.ts";

type Intent = NonNullable<Awaited<ReturnType<PaymentProvider["intentOf"]>>>;

/** What the provider itself knows of the money, kept apart from what the shop believes. */
export function providerBooks(provider: PaymentProvider): {
  readonly authorise: PaymentProvider["authorise"];
  readonly invariants: readonly Invariant[];
} {
  const asked = new Set<string>();
  const authorise: PaymentProvider["authorise"] = (request) => {
    asked.add(request.operationId);
    return provider.authorise(request);
  };
  const agree = async (rows: Rows) => {
    const found = [...asked].map((operationId) => provider.intentOf({ operationId }));
    const intents = (await Promise.all(found)).flatMap((one) => one ?? []);
    return [
      ...differences(intents, rows),
      ...leftAlone(intents, rows),
      ...refusedWrongly(intents, rows),
    ];
  };
  const name = "the provider's books are those of the shop";
  return { authorise, invariants: [{ name, check: (_call, rows) => agree(rows) }] };
}

function differences(intents: readonly Intent[], rows: Rows): string[] {
  const believed = new Map(rows("payments", settled).map(heldIn));
  const byOrder = Map.groupBy(intents, ({ metadata }) => metadata.orderId);
  return [...byOrder].flatMap(([orderId, all]) => {
    const amounts = all.map(held).filter((amount) => amount > 0);
    if (amounts.length > 1) return [`the provider holds money of ${orderId} more than once`];
    const [amount = 0] = amounts;
    const expected = believed.get(orderId);
    if (expected === undefined || expected === amount) return [];
    return [`the provider holds ${amount} of ${orderId}, and the shop believes ${expected}`];
  });
}

/**
 * Orders of which the provider holds money though the shop has no payment, or will not soon look at
 * one that is not settled, or is to be made whole. A payment is on the disk before the provider is
 * asked, so that there is none is never right.
 */
function leftAlone(intents: readonly Intent[], rows: Rows): string[] {
  const known = new Set(rows("payments", "SELECT order_id FROM payments"));
  const open = new Set(rows("payments", yetOpen));
  return intents.flatMap((intent) => {
    const { orderId } = intent.metadata;
    const amount = held(intent);
    if (amount === 0) return [];
    const what = `the provider holds ${amount} of ${orderId}`;
    if (!known.has(orderId)) return [`${what}, and the shop has no payment of it`];
    return open.has(orderId) ? [`${what}, and the shop will not see to it`] : [];
  });
}

/** Orders that were rejected as not paid although the provider had authorised their payment. */
function refusedWrongly(intents: readonly Intent[], rows: Rows): string[] {
  const refused = new Set(rows("orders", declined));
  return intents
    .filter(({ authorised, metadata }) => authorised && refused.has(metadata.orderId))
    .map(({ metadata }) => `the provider authorised ${metadata.orderId}, and the shop refused it`);
}

/** What is left of a customer's money at the provider: taken, or kept for the shop. */
function held({ status, amount, captures, refunds }: Intent): number {
  if (status === "requires_capture") return amount;
  return status === "succeeded" ? lasting(captures) - lasting(refunds) : 0;
}

function lasting(movements: Intent["captures"]): number {
  return movements.reduce((sum, one) => sum + (one.status === "failed" ? 0 : one.amount), 0);
}

const declined = `
  SELECT order_id FROM orders WHERE json_extract(rejection, '$.code') = 'payment_declined'`;
/** The orders with a payment that is not at its end, and is not looked at on its first day. */
const yetOpen = `
  SELECT order_id FROM payments WHERE payment_id NOT IN (
    SELECT key FROM cleave_job
    WHERE command = 'resolvePayment'
      AND due_at_ms < payments.created_at_ms + 24 * 60 * 60 * 1000)
  AND (order_id IN (SELECT order_id FROM reversals) OR pending_refunds > 0
    OR state NOT IN ('authorised', 'captured', 'declined', 'voided', 'expired'))`;
/** The orders whose payments are all settled, with what the shop believes to hold of them. */
const settled = `
  SELECT order_id || ' ' || sum(CASE state WHEN 'authorised' THEN authorised
    ELSE captured - refunded END) FROM payments
  GROUP BY order_id HAVING sum(pending_refunds) = 0
    AND sum(state NOT IN ('authorised', 'captured', 'declined', 'voided', 'expired')) = 0`;

function heldIn(row: string): [orderId: string, amount: number] {
  const [orderId = "", amount = ""] = row.split(" ");
  return [orderId, Number(amount)];
}
