import { payments } from "#modules/payments";
import { reaction } from "#runtime";
import { wakeDispatches } from "../dispatches.ts";

export const onCaptureFailed = reaction(payments.captureFailed, (tx, { orderId }) =>
  wakeDispatches(tx, orderId),
);
