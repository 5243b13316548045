import { orders } from "#modules/orders";
import { shipping } from "#modules/shipping";
import type { Call } from "#runtime";
import type { Client } from "#runtime/simulation";
import { unlessRefused } from "./refusals.ts";

/** What a buyer means to do with an order, and when; drawn before anything of it happens. */
export interface Plan extends Pick<Client, "number" | "pause"> {
  readonly isHasty: boolean;
  readonly choice: number;
  readonly waitMs: number;
  readonly laterMs: number;
}

/** Draws a plan; one who is hasty does at once what they mean to do. */
export function planOf({ number, pause, random }: Client): Plan {
  const isHasty = random() < 0.3;
  const waitMs = isHasty ? 0 : random() * 60_000;
  return { number, pause, isHasty, choice: random(), waitMs, laterMs: random() * 60_000 };
}

/** What staff and buyers do with a confirmed order. */
export async function afterwards(
  call: Call<typeof orders | typeof shipping>,
  plan: Plan,
  orderId: string,
): Promise<void> {
  const { number, choice } = plan;
  await plan.pause(plan.waitMs);
  if (choice < 0.3) {
    await call(orders.cancelOrder, { orderId }).catch(unlessRefused);
  } else if (choice < 0.8) {
    const shipments = await call(shipping.shipmentsOf, { orderId });
    for (const { shipmentId } of shipments) {
      await call(shipping.packShipment, { shipmentId }).catch(unlessRefused);
      const parcel = { shipmentId, carrier: "post", trackingNumber: `T-${number}` };
      await call(shipping.shipShipment, parcel).catch(unlessRefused);
    }
    await plan.pause(plan.laterMs);
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
