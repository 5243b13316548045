import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import type { Call } from "#runtime";
import { unlessRefused } from "./refusals.ts";

/** By what a buyer reaches a checkout of theirs. */
export interface Access {
  readonly checkoutId: string;
  readonly cartToken: string;
}

/** What a buyer does whom the bank asks who they are; a few walk away, and time runs out. */
export async function askedByBank(
  call: Call<typeof orders | typeof payments>,
  asked: { readonly access: Access; readonly actionUrl: string; readonly mind: number },
): Promise<void> {
  const { access, actionUrl, mind } = asked;
  const reference = decodeURIComponent(actionUrl.split("/").at(-1) ?? "");
  if (mind < 0.8) {
    const result = mind < 0.6 ? "ok" : "fail";
    await call(payments.completeChallenge, { reference, result }).catch(unlessRefused);
  } else if (mind < 0.95) {
    await call(orders.abandonCheckout, access).catch(unlessRefused);
  }
}
