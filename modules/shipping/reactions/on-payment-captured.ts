import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { wakeDispatches } from "../dispatches.ts";

export const onPaymentCaptured = reaction(payments.paymentCaptured, (tx, { orderId }) =>
  wakeDispatches(tx, orderId),
);
