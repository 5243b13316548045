import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { bookReversal } from "../sagas/book-reversal.ts";
import { placeOrder } from "../sagas/place-order.ts";

/** The checkout that waited for the money gives up; a cancellation's books are whole. */
export const onPaymentVoided = reaction(payments.paymentVoided, (tx, { orderId }) => {
  tx.wake(placeOrder, orderId);
  tx.wake(bookReversal, orderId);
});
