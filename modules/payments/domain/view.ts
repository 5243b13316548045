import type { OutputOf } from "#runtime";
import type { payments } from "../contract.ts";
import type { Standing } from "./ledger.ts";

/** What is shown of a payment. */
export function view(
  row: Omit<Standing, "conflicting"> & {
    readonly paymentId: string;
    readonly orderId: string;
    readonly attempt: number;
    readonly currency: string;
    readonly total: number;
  },
): OutputOf<typeof payments.capture> {
  const { paymentId, orderId, attempt, state, currency, actionUrl, declineCode } = row;
  const sum = (amount: number) => ({ amount, currency });
  return {
    paymentId,
    orderId,
    attempt,
    state,
    total: sum(row.total),
    authorised: sum(row.authorised),
    captured: sum(row.captured),
    refunded: sum(row.refunded),
    actionUrl,
    declineCode,
  };
}
