import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { type Transaction, t, waitUntil } from "#runtime";
import { callBack } from "../calling-back.ts";
import { endCancelled, endConfirmed } from "../cancelling.ts";
import { markDelivered } from "../store/orders.ts";
import { saga } from "../uses.ts";

/** Ten years: nothing turns this saga back, because the money is gone whatever else happens. */
const deadlineMs = 3_650 * 24 * 60 * 60_000;
/** Between two looks at a parcel that is being dispatched; an event comes sooner. */
const lookMs = 60_000;

/**
 * Stops the fulfilment of an order whose money was all given back: from "cancelling" to "cancelled"
 * when nothing has left, or back to "confirmed", and on to "completed" with what has.
 */
export const stopOrder = saga("orders.stop-order", {
  version: 1,
  input: t.Object({ orderId: t.String(), reason: t.String() }),
  deadlineMs,
})
  .step("stop-parcels", {
    async run({ input: { orderId, reason }, call, now }) {
      const stopped = await callBack(call, { orderId, reason, scope: "rest" });
      if (stopped === undefined) return waitUntil(now() + lookMs);
      const { state, isDelivered = false } = stopped;
      return { hasLeft: state === "rest_cancelled", isDelivered };
    },
  })
  .step("release-stock", {
    async run({ input: { orderId, reason }, call }) {
      await call(inventory.releaseStock, { orderId, reason, rest: true });
      return {};
    },
  })
  .step("reverse-payment", {
    async run({ input: { orderId, reason }, done, call }) {
      // It is whole already; the mark keeps it so, should a refund be taken back.
      if (!done["stop-parcels"].hasLeft) await call(payments.reverse, { orderId, reason });
      return {};
    },
  })
  .pivot("conclude", (tx, { input: { orderId, reason }, done }) => {
    const { hasLeft, isDelivered } = done["stop-parcels"];
    if (!hasLeft) endCancelled(tx, { orderId, reason, by: "shop" });
    else keepWhatLeft(tx, orderId, isDelivered);
  });

function keepWhatLeft(tx: Transaction, orderId: string, isDelivered: boolean): void {
  if (isDelivered) markDelivered(tx, orderId, tx.now);
  endConfirmed(tx, orderId);
}
