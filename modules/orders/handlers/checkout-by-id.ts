import { payments } from "#modules/payments";
import { orders } from "../contract.ts";
import { checkoutView } from "../domain/checkout.ts";
import { openedCheckout } from "../order-access.ts";
import { placeOrder } from "../sagas/place-order.ts";
import { tokenKey } from "../tokens.ts";
import { handler } from "../uses.ts";

export const checkoutById = handler(orders.checkoutById, async (access, context) => {
  const { read, call, port, settled } = context;
  const { checkoutId: orderId, waitMs = 0 } = access;
  if (waitMs > 0) await settled(placeOrder, orderId, waitMs);
  const { status } = openedCheckout(read, access, context);
  // Payments knows at once what the customer has to do; an event about it might still be on its
  // way.
  const payment = status === "pending" ? await call(payments.paymentOfOrder, { orderId }) : null;
  // That call may have waited for a restart, while somebody else was told how it ended: the
  // answer is read when it is given.
  const order = openedCheckout(read, access, context);
  const orderToken = port(tokenKey).tokenOf("order", orderId);
  const actionUrl = order.status === "pending" ? (payment?.actionUrl ?? null) : null;
  return checkoutView(order, { orderToken, actionUrl });
});
