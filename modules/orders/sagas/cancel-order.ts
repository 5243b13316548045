import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { type Call, type Static, type Transaction, t, waitUntil } from "#runtime";
import { callBack } from "../calling-back.ts";
import { endCancelled, endConfirmed } from "../cancelling.ts";
import { stopIfRefunded } from "../stopping.ts";
import { note } from "../store/orders.ts";
import { saga } from "../uses.ts";
import { bookReversal } from "./book-reversal.ts";

const dayMs = 24 * 60 * 60_000;
/**
 * Ten years: only shipping's answer turns a cancellation back. Without one, shipping may have
 * cancelled the fulfilment, and a confirmed order that can't be shipped would be left.
 */
const deadlineMs = 3_650 * dayMs;
/** Between two looks at a parcel that is being dispatched; an event comes sooner. */
const lookMs = 60_000;

const Cancellation = t.Object({
  orderId: t.String(),
  reason: t.String(),
  by: t.String(),
});

/**
 * From "cancelling" to "cancelled", or back to "confirmed" when a parcel has left.
 *
 * Only shipping can say whether it is too late. While a parcel is being dispatched it waits: a
 * capture that fails brings the parcel back, and the cancellation goes on. Once shipping has called
 * everything back there is no way back: stock and money are made whole until it is done.
 */
export const cancelOrder = saga("orders.cancel-order", {
  version: 2,
  input: Cancellation,
  deadlineMs,
})
  .step("call-shipment-back", {
    async run({ input: { orderId, reason }, call, now }) {
      const cancelled = await callBack(call, { orderId, reason, scope: "whole" });
      return cancelled === undefined ? waitUntil(now() + lookMs) : {};
    },
  })
  .pivot("called-back", (tx, { input }) => noteCalledBack(tx, input.orderId))
  .step("release-stock", {
    run: ({ input, call }) => releaseStock(call, input),
  })
  .step("reverse-payment", {
    run: ({ input, call }) => reversePayment(call, input),
  })
  .ending((tx, { input, outcome }) => {
    if (outcome === "compensated") return keep(tx, input.orderId);
    endCancelled(tx, input);
    tx.start(bookReversal, input.orderId, { orderId: input.orderId });
  });

/** For cancellations that began under it. To it a parcel that is being dispatched has left. */
export const cancelOrderVersion1 = saga("orders.cancel-order", {
  version: 1,
  input: Cancellation,
  deadlineMs: 30 * dayMs,
})
  .step("call-shipment-back", {
    async run({ input: { orderId, reason }, call }) {
      await call(shipping.cancelFulfilment, { orderId, reason });
      return {};
    },
  })
  .pivot("called-back", (tx, { input }) => noteCalledBack(tx, input.orderId))
  .step("reverse-payment", {
    run: ({ input, call }) => reversePayment(call, input),
  })
  .step("release-stock", {
    run: ({ input, call }) => releaseStock(call, input),
  })
  .ending((tx, { input, outcome }) => {
    if (outcome === "completed") endCancelled(tx, input);
    else keep(tx, input.orderId);
  });

async function releaseStock(
  call: Call<typeof inventory.releaseStock>,
  { orderId, reason }: Static<typeof Cancellation>,
) {
  await call(inventory.releaseStock, { orderId, reason });
  return {};
}

async function reversePayment(
  call: Call<typeof payments.reverse>,
  { orderId, reason }: Static<typeof Cancellation>,
) {
  await call(payments.reverse, { orderId, reason });
  return {};
}

function noteCalledBack(tx: Transaction, orderId: string): void {
  note(tx, orderId, { what: "shipment called back", by: "shipping", atMs: tx.now });
}

/** A parcel has left. An order that was refunded meanwhile is stopped, for what has not. */
function keep(tx: Transaction, orderId: string): void {
  endConfirmed(tx, orderId);
  stopIfRefunded(tx, orderId);
}
