import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { placeOrder } from "../sagas/place-order.ts";

/** A payment that was unclear is now the customer's to complete: the checkout waits for that. */
export const onPaymentActionRequired = reaction(
  payments.paymentActionRequired,
  (tx, { orderId }) => {
    tx.wake(placeOrder, orderId);
  },
);
