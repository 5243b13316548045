import { payments } from "#modules/payments";
import { orders } from "../contract.ts";
import { standingView } from "../domain/checkout.ts";
import { openedCheckout } from "../order-access.ts";
import { placeOrder } from "../sagas/place-order.ts";
import { abandonOrder } from "../store/orders.ts";
import { handler } from "../uses.ts";

/**
 * The mark comes first, because the pivot of the saga refuses a marked order: so a payment is
 * called back only where no confirmed order can come of it.
 */
export const abandonCheckout = handler(orders.abandonCheckout, async (access, context) => {
  const { checkoutId: orderId } = access;
  const { call, fail, intent, transaction } = context;
  const status = await intent((tx) => {
    const order = openedCheckout(tx, access, context);
    const again = order.status === "rejected" && order.abandoned === 1;
    if (order.status !== "pending" && !again) {
      throw fail("CHECKOUT_DECIDED", { checkoutId: orderId });
    }
    abandonOrder(tx, orderId, tx.now);
    return order.status;
  });
  if (status === "pending") await call(payments.reverse, { orderId, reason: "abandoned" });
  return await transaction((tx) => {
    tx.wake(placeOrder, orderId);
    return standingView(openedCheckout(tx, access, context), null);
  });
});
