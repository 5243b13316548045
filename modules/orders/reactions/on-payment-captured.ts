import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { complete } from "../completing.ts";
import { goodsOf } from "../domain/order.ts";
import { note, orderById } from "../store/orders.ts";

/** An order with nothing to ship is over when it is paid. */
export const onPaymentCaptured = reaction(payments.paymentCaptured, (tx, { orderId }) => {
  const order = orderById(tx, orderId);
  if (order === undefined) return;
  note(tx, orderId, { what: "payment captured", by: "payments", atMs: tx.now });
  if (goodsOf(order.snapshot.lines).length === 0) complete(tx, orderId, "payments");
});
