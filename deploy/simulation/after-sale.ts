import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import type { shipping } from "#modules/shipping";
import type { Call } from "#runtime";
import type { Client } from "#runtime/simulation";
import { deliverParcels, sendFirstParcel, sendParcels } from "./parcels.ts";
import { unlessRefused } from "./refusals.ts";

/** Up to how long after they were sent all parcels have arrived, or one. */
const ALL_ARRIVE_MS = 20_000;
const ONE_ARRIVES_MS = 40_000;
/** How often somebody looks whether their money is back, and how long between. */
const LOOKS_MAX = 60;
const LOOK_MS = 2_000;

type Shop = Call<typeof orders | typeof payments | typeof shipping>;

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
export async function afterwards(call: Shop, plan: Plan, orderId: string): Promise<void> {
  const { number, choice, isLate, pause } = plan;
  await pause(plan.waitMs);
  const cancel = () => call(orders.cancelOrder, { orderId }).catch(unlessRefused);
  if (choice < 0.25) {
    // Some have paid already what they cancel.
    if (choice < 0.1) await call(payments.capture, { orderId }).catch(unlessRefused);
    await cancel();
  } else if (choice < 0.85) {
    const sending = { number, pause, orderId, inTwo: choice < 0.55 };
    await Promise.all([isLate ? cancel() : null, sendParcels(call, sending)]);
    await pause(plan.laterMs);
    const arrived = plan.laterMs < ALL_ARRIVE_MS ? 2 : 1;
    if (plan.laterMs < ONE_ARRIVES_MS) await deliverParcels(call, orderId, arrived);
    await refund(call, number, orderId);
  } else {
    await refundWholly(call, plan, orderId);
  }
}

/**
 * All of the money back: after the first of two parcels has left, and before the second is sent; or
 * while both are being sent, so that it depends on who comes first.
 */
async function refundWholly(call: Shop, plan: Plan, orderId: string): Promise<void> {
  const { number, pause } = plan;
  const sending = { number, pause, orderId, inTwo: true };
  const giveBack = async () => {
    const { totals } = await call(orders.orderById, { orderId });
    const refundId = `rfd_${number}_all`;
    const asked = await refundOf(call, orderId, { refundId, amount: totals.total.amount });
    for (let looks = 0; asked !== undefined && looks < LOOKS_MAX; looks++) {
      const { state } = await call(orders.refundById, { refundId, waitMs: 10_000 });
      if (state !== "requested") return;
      await pause(LOOK_MS);
    }
  };
  if (plan.isLate) {
    await call(payments.capture, { orderId }).catch(unlessRefused);
    await Promise.all([giveBack(), sendParcels(call, sending)]);
  } else {
    await sendFirstParcel(call, sending);
    await giveBack();
    await sendParcels(call, sending);
  }
  await pause(plan.laterMs);
  if (plan.laterMs < ONE_ARRIVES_MS) await deliverParcels(call, orderId, 2);
}

/** One euro back for a complaint; and nobody is given back more than they have paid. */
async function refund(call: Call<typeof orders>, number: number, orderId: string): Promise<void> {
  await refundOf(call, orderId, { refundId: `rfd_${number}`, amount: 100 });
  const wanted = { refundId: `rfd_${number}_too_much`, amount: 1_000_000 };
  const tooMuch = await refundOf(call, orderId, wanted);
  if (tooMuch !== undefined)
    throw new Error(`A refund of more than was paid was ${tooMuch.state}.`);
}

function refundOf(
  call: Call<typeof orders>,
  orderId: string,
  { refundId, amount }: { readonly refundId: string; readonly amount: number },
) {
  const money = { amount, currency: "EUR" };
  const asked = { orderId, refundId, amount: money, reason: "The tea was stale." };
  return call(orders.refundOrder, asked).catch(unlessRefused);
}
