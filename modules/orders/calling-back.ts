import { shipping } from "#modules/shipping";
import type { Call } from "#runtime";

/**
 * Has shipping cancel what has not left. Returns undefined while a dispatch is under way, to be
 * asked again later: the first answer is stored, so the parcels tell when the second is due.
 */
export async function callBack(
  call: Call<typeof shipping.cancelFulfilment | typeof shipping.shipmentsOf>,
  order: { orderId: string; reason: string; scope: "whole" | "rest" },
) {
  const first = await call(shipping.cancelFulfilment, order);
  if (first.state !== "held") return first;
  const parcels = await call(shipping.shipmentsOf, { orderId: order.orderId });
  if (parcels.some(({ state }) => state === "ship_requested")) return undefined;
  return await call(shipping.cancelFulfilment, order);
}
