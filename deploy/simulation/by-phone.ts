import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import type { Call } from "#runtime";
import type { Client } from "#runtime/simulation";
import { unlessRefused } from "./refusals.ts";

/** Until when what is asked for by phone is kept: a minute after the world began. */
const KEPT_UNTIL_MS = Date.UTC(2026, 0, 1, 0, 1);
/** Until when it would be for somebody who hangs up, if nobody called it back: long after a run. */
const KEPT_LONG_UNTIL_MS = Date.UTC(2026, 0, 2);

/**
 * Somebody asks by phone, names one variant in two lines, and never orders. First they want more
 * than there ever was, though neither line alone does; then they have two kept for a while.
 */
export async function askByPhone(
  call: Call<typeof inventory>,
  { number }: Pick<Client, "number">,
  { variantId, stock }: { readonly variantId: string; readonly stock: number },
): Promise<void> {
  const ask = (orderId: string, quantity: number) => {
    const lines = [
      { variantId, quantity },
      { variantId, quantity },
    ];
    return call(inventory.holdStock, { orderId, lines, untilMs: KEPT_UNTIL_MS });
  };
  const tooMuch = Math.floor(stock / 2) + 1;
  const held = await ask(`phone_${number}_too_much`, tooMuch).catch(unlessRefused);
  if (held !== undefined) {
    throw new Error(
      `Twice ${tooMuch} were kept by phone, and there never were more than ${stock}.`,
    );
  }
  await ask(`phone_${number}`, 1).catch(unlessRefused);
}

/**
 * Somebody has goods kept and a card charged by phone, and hangs up before either is answered: both
 * are called back while they are still on their way, over any gateway, and may come second.
 */
export async function hangUp(
  call: Call<typeof inventory | typeof payments>,
  { number }: Pick<Client, "number">,
  variantId: string,
): Promise<void> {
  const orderId = `phone_${number}_hung_up`;
  const lines = [{ variantId, quantity: 1 }];
  const amount = { amount: 1_000, currency: "EUR" };
  const calls = [
    call(inventory.holdStock, { orderId, lines, untilMs: KEPT_LONG_UNTIL_MS }),
    call(payments.authorise, { orderId, attempt: 1, amount, token: "tok_ok" }),
    call(inventory.releaseStock, { orderId, reason: "hung up" }),
    call(payments.reverse, { orderId, reason: "hung up" }),
  ];
  await Promise.all(calls.map((one) => one.catch(unlessRefused)));
}
