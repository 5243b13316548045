import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { placeOrder } from "../sagas/place-order.ts";

/** The checkout that waited for the money gives up. */
export const onPaymentVoided = reaction(payments.paymentVoided, (tx, { orderId }) => {
  tx.wake(placeOrder, orderId);
});
