import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { placeOrder } from "../sagas/place-order.ts";

/** The checkout that waited for the money goes on. */
export const onPaymentAuthorised = reaction(payments.paymentAuthorised, (tx, { orderId }) => {
  tx.wake(placeOrder, orderId);
});
