import { inventory } from "#modules/inventory";
import type { Call } from "#runtime";
import type { Client } from "../../runtime/simulation/scenario.ts";
import { unlessRefused } from "./refusals.ts";

/** Until when what is asked for by phone is kept: a minute after the world began. */
const KEPT_UNTIL_MS = Date.UTC(2026, 0, 1, 0, 1);

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
