import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { overshipped } from "../store/shipments.ts";

export const audit = handler(shipping.audit, (_input, { read }) =>
  overshipped(read).map(({ orderId, variantId, quantity, ordered }) => ({
    invariant: "O9",
    detail: `${orderId} ordered ${ordered} of ${variantId}, its live shipments hold ${quantity}`,
  })),
);
