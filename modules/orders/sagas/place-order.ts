import { inventory } from "#modules/inventory";
import { payments } from "#modules/payments";
import { addressSchema, shipping } from "#modules/shipping";
import {
  isDeclared,
  moneySchema,
  SagaRefusal,
  type Static,
  type Transaction,
  t,
  times,
  waitUntil,
} from "#runtime";
import { orders } from "../contract.ts";
import { checkoutMs, holdMs, rejectionFor, verdictOn } from "../domain/checkout.ts";
import { unlockCart } from "../store/carts.ts";
import { releaseCoupon, useCoupon } from "../store/coupons.ts";
import { moveOrder, standingOf } from "../store/orders.ts";
import { saga } from "../uses.ts";

/**
 * All that the steps need, so that none of them reads the order.
 *
 * The card token is in the saga's row until the payment is authorised, or is not: the pivot, and
 * turning back, remove it.
 */
const PlacedOrder = t.Object({
  orderId: t.String(),
  cartId: t.String(),
  placedAtMs: t.Integer(),
  total: moneySchema,
  paymentToken: t.Optional(t.String()),
  hasCoupon: t.Boolean(),
  /** What is kept in stock and shipped; a voucher or a service is not among them. */
  goods: t.Array(t.Object({ variantId: t.String(), quantity: t.Integer() })),
  delivery: t.Union([t.Object({ optionId: t.String(), address: addressSchema }), t.Null()]),
});

/**
 * From a placed order to a confirmed one with a shipment.
 *
 * Stock first: a hold is free to undo, an authorisation is not, and the customer is asked to pay
 * only for what is surely there. Before the pivot everything can be undone; after it only done.
 */
export const placeOrder = saga("orders.place-order", {
  version: 1,
  input: PlacedOrder,
  deadlineMs: checkoutMs,
  secrets: ["paymentToken"],
})
  .step("hold-stock", {
    async run({ input, call }) {
      const { orderId, goods: lines, placedAtMs } = input;
      if (lines.length === 0) return {};
      await call(inventory.holdStock, { orderId, lines, untilMs: placedAtMs + holdMs });
      return {};
    },
    compensate: ({ id, call }) =>
      call(inventory.releaseStock, { orderId: id, reason: "order rejected" }),
  })
  .step("authorise-payment", {
    async run({ input, call, now }) {
      const { orderId, total: amount, paymentToken: token } = input;
      if (token === undefined) throw new Error(`The order ${orderId} has no card token any more.`);
      // Run again after a wait, this call gives the stored first answer, so a decision that was
      // open then is asked for anew.
      const first = await call(payments.authorise, { orderId, attempt: 1, amount, token });
      let verdict = verdictOn(first, input);
      if (verdict.kind === "open") {
        verdict = verdictOn(await call(payments.paymentOfOrder, { orderId }), input);
      }
      if (verdict.kind === "refused") throw new SagaRefusal(verdict.code, verdict.data);
      if (verdict.kind === "paid") return {};
      if (now() >= verdict.untilMs) throw new SagaRefusal("deadline");
      return waitUntil(verdict.untilMs);
    },
    compensate: ({ id, call }) => call(payments.reverse, { orderId: id, reason: "order rejected" }),
  })
  .step("commit-stock", {
    async run({ input, call }) {
      if (input.goods.length > 0) await call(inventory.commitStock, { orderId: input.orderId });
      return {};
    },
  })
  .pivot("confirm", (tx, { input }) => confirm(tx, input))
  .step("create-shipment", {
    async run({ input, call }) {
      const { orderId, delivery, goods: lines } = input;
      try {
        if (delivery === null) await call(payments.capture, { orderId });
        else await call(shipping.openFulfilment, { orderId, ...delivery, lines });
      } catch (error) {
        // The order stays confirmed and unpaid: payments has published the failure, for staff.
        if (isDeclared(error, payments.capture, "CAPTURE_FAILED")) return {};
        // A cancellation came to shipping first: there is nothing to send any more.
        if (!isDeclared(error, shipping.openFulfilment, "FULFILMENT_CANCELLED")) throw error;
      }
      return {};
    },
  })
  .ending((tx, { input, outcome, failure }) => {
    if (outcome === "compensated") reject(tx, input, failure);
  });

/** The pivot: stock is committed and the payment authorised, so the order stands. */
function confirm(tx: Transaction, input: Static<typeof PlacedOrder>): void {
  const { orderId, cartId, total } = input;
  const move = { from: "pending", to: "confirmed", by: "shop", atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, move);
  if (order === undefined) throw new Error(`The order ${orderId} is not pending any more.`);
  // The customer gave up at the last moment: their payment has been called back.
  if (order.abandoned === 1) throw new SagaRefusal("abandoned");
  if (input.hasCoupon) useCoupon(tx, orderId);
  unlockCart(tx, { cartId, orderId, to: "ordered" });
  tx.emit(orders.orderConfirmed, {
    orderId,
    number: order.number,
    email: order.email,
    total,
    discount: order.snapshot.totals.discount,
    shipping: order.snapshot.totals.shipping,
    lines: order.snapshot.lines.map(({ title, quantity, unitPrice }) => ({
      title,
      quantity,
      total: times(unitPrice, quantity),
    })),
  });
}

function reject(
  tx: Transaction,
  { orderId, cartId }: Static<typeof PlacedOrder>,
  failure: { code: string; data: unknown } | null,
): void {
  // To payments an abandoned order looks like any other whose payment was called back.
  const isAbandoned = standingOf(tx, orderId)?.abandoned === 1;
  const rejection = rejectionFor(isAbandoned ? { code: "abandoned", data: null } : failure);
  const move = { from: "pending", to: "rejected", by: "shop", atMs: tx.now } as const;
  const order = moveOrder(tx, orderId, { ...move, rejection });
  if (order === undefined) throw new Error(`The order ${orderId} is not pending any more.`);
  releaseCoupon(tx, orderId);
  unlockCart(tx, { cartId, orderId, to: "open" });
  tx.emit(orders.orderRejected, { orderId, reason: rejection.code });
}
