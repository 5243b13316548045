import type { Fact, Operation } from "./ledger.ts";

/** One refund of a payment, by whomever it was asked for. */
export interface Refund {
  readonly refundId: string;
  readonly amount: number;
  readonly state: "pending" | "succeeded" | "failed";
}

/** What events, and the list of an order's refunds, call the refund that a fact is about. */
export function refundIdOf(
  fact: Pick<Fact, "operationId" | "providerRef">,
  operations: readonly { readonly operationId: string; readonly refundId: string | null }[],
): string {
  const { operationId, providerRef } = fact;
  const operation = operations.find((one) => one.operationId === operationId);
  return operation?.refundId ?? operationId ?? providerRef;
}

/** A payment's refunds: those asked for here, and those that the provider alone knows of. */
export function refundsIn(
  facts: readonly Fact[],
  operations: readonly (Operation & { readonly refundId: string | null })[],
): Refund[] {
  const asked = operations.filter(({ kind }) => kind === "refund");
  const known = new Set(asked.map(({ operationId }) => operationId));
  const others = facts.filter(
    ({ kind, operationId }) =>
      /^refund/.test(kind) && (operationId === null || !known.has(operationId)),
  );
  const told = Map.groupBy(others, (fact) => refundIdOf(fact, operations));
  return [
    ...asked.map(({ operationId, refundId, amount, state }) => ({
      refundId: refundId ?? operationId,
      amount,
      state: state === "succeeded" || state === "failed" ? state : ("pending" as const),
    })),
    ...[...told].map(([refundId, all]) => ({
      refundId,
      amount: Math.max(...all.map(({ amount }) => amount)),
      state: stateOf(all),
    })),
  ];
}

function stateOf(facts: readonly Pick<Fact, "kind">[]): Refund["state"] {
  if (facts.some(({ kind }) => kind === "refund_failed")) return "failed";
  return facts.some(({ kind }) => kind === "refunded") ? "succeeded" : "pending";
}
