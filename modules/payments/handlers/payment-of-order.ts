import { handler } from "#runtime";
import { payments } from "../contract.ts";
import { view } from "../domain/view.ts";
import * as store from "../store.ts";

export const paymentOfOrder = handler(payments.paymentOfOrder, ({ orderId }, { read }) => {
  const [newest] = store.paymentsOfOrder(read, orderId);
  return newest === undefined ? null : view(newest);
});
