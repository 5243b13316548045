import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { shipping } from "#modules/shipping";
import { type Static, type Transaction, t } from "#runtime";
import { complete } from "../completing.ts";
import { orders } from "../contract.ts";
import { releaseCoupon } from "../store/coupons.ts";
import { moveOrder, note } from "../store/orders.ts";
import { saga } from "../uses.ts";

const dayMs = 24 * 60 * 60_000;

const Cancellation = t.Object({
  orderId: t.String(),
  reason: t.String(),
  by: t.String(),
});

/**
 * From "cancelling" to "cancelled", or back to "confirmed" when the parcel has left.
 *
 * Only shipping can say whether it is too late. Once it has called the shipment back there is no
 * way back: the money and the stock are made whole until it is done. The deadline is long because
 * turning back without shipping's answer would leave a confirmed order that can't be shipped.
 */
export const cancelOrder = saga("orders.cancel-order", {
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
  .pivot("called-back", (tx, { input }) => {
    note(tx, input.orderId, { what: "shipment called back", by: "shipping", atMs: tx.now });
  })
  .step("reverse-payment", {
    async run({ input: { orderId, reason }, call }) {
      await call(payments.reverse, { orderId, reason });
      return {};
    },
  })
  .step("release-stock", {
    async run({ input: { orderId, reason }, call }) {
      await call(inventory.releaseStock, { orderId, reason });
      return {};
    },
  })
  .ending((tx, { input, outcome }) => {
    if (outcome === "completed") cancelled(tx, input);
    else keep(tx, input.orderId);
  });

function cancelled(tx: Transaction, { orderId, reason, by }: Static<typeof Cancellation>): void {
  const move = { from: "cancelling", to: "cancelled", by, atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, move);
  if (order === undefined) throw new Error(`The order ${orderId} is not being cancelled any more.`);
  releaseCoupon(tx, orderId);
  const { number, email } = order;
  // It ends in a mail, and whoever ordered with somebody else's address must not write to them.
  const told = by === "customer" ? "" : reason;
  tx.emit(orders.orderCancelled, { orderId, number, email, reason: told });
}

/** The parcel won. If it was delivered meanwhile, the order is completed at once. */
function keep(tx: Transaction, orderId: string): void {
  const back = { from: "cancelling", to: "confirmed", by: "shipping", atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, back);
  if (order?.delivered === 1) complete(tx, orderId, "shipping");
}
