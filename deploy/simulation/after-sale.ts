import { orders } from "#modules/orders";
import type { shipping } from "#modules/shipping";
import type { Call } from "#runtime";
import type { Client } from "#runtime/simulation";
import { deliverParcels, sendParcels } from "./parcels.ts";
import { unlessRefused } from "./refusals.ts";

/** Up to how long after they were sent all parcels have arrived, or one. */
const ALL_ARRIVE_MS = 20_000;
const ONE_ARRIVES_MS = 40_000;

/** What a buyer means to do with an order, and when; drawn before anything of it happens. */
export interface Plan extends Pick<Client, "number" | "pause"> {
  readonly isHasty: boolean;
  /** Whether they cancel while it is being sent, so that it depends on who comes first. */
  readonly isLate: boolean;
  readonly choice: number;
  readonly waitMs: number;
  readonly laterMs: number;
}

/**
 * Draws a plan; one who is hasty does at once what they mean to do. `cancellingLate` is the share
 * of those who cancel what is being sent.
 */
export function planOf({ number, pause, random }: Client, cancellingLate: number): Plan {
  const isHasty = random() < 0.3;
  const isLate = random() < cancellingLate;
  const waitMs = isHasty ? 0 : random() * 60_000;
  const [choice, laterMs] = [random(), random() * 60_000];
  return { number, pause, isHasty, isLate, choice, waitMs, laterMs };
}

/** What staff and buyers do with a confirmed order. */
export async function afterwards(
  call: Call<typeof orders | typeof shipping>,
  plan: Plan,
  orderId: string,
): Promise<void> {
  const { number, choice, isLate, pause } = plan;
  await pause(plan.waitMs);
  const cancel = () => call(orders.cancelOrder, { orderId }).catch(unlessRefused);
  if (choice < 0.25) {
    await cancel();
  } else if (choice < 0.85) {
    const sending = { number, pause, orderId, inTwo: choice < 0.55 };
    await Promise.all([isLate ? cancel() : null, sendParcels(call, sending)]);
    await pause(plan.laterMs);
    const arrived = plan.laterMs < ALL_ARRIVE_MS ? 2 : 1;
    if (plan.laterMs < ONE_ARRIVES_MS) await deliverParcels(call, orderId, arrived);
    await refund(call, number, orderId);
  }
}

/** One euro back for a complaint; and nobody is given back more than they have paid. */
async function refund(call: Call<typeof orders>, number: number, orderId: string): Promise<void> {
  const asked = (amount: number, refundId: string) =>
    call(orders.refundOrder, {
      orderId,
      refundId,
      amount: { amount, currency: "EUR" },
      reason: "The tea was stale.",
    }).catch(unlessRefused);
  await asked(100, `rfd_${number}`);
  const tooMuch = await asked(1_000_000, `rfd_${number}_too_much`);
  if (tooMuch !== undefined)
    throw new Error(`A refund of more than was paid was ${tooMuch.state}.`);
}
