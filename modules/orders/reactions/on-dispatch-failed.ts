import { shipping } from "#modules/shipping";
import { reaction } from "#runtime";
import { wakeCancellation } from "../waking.ts";

/** A cancellation that waited for the dispatch goes on. */
export const onDispatchFailed = reaction(shipping.dispatchFailed, (tx, { orderId }) => {
  wakeCancellation(tx, orderId);
});
