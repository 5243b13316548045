import type { PaymentProvider } from "../../modules/payments/provider.ts";
import type { Invariant, Rows } from "../../runtime/simulation/scenario.ts";

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
    return [...differences(intents, rows), ...refusedWrongly(intents, rows)];
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
