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
  const order = openedCheckout(read, access, context);
  const orderToken = port(tokenKey).tokenOf("order", orderId);
  // Payments knows at once what the customer has to do; an event about it might still be on its
  // way.
  const payment =
    order.status === "pending" ? await call(payments.paymentOfOrder, { orderId }) : null;
  return checkoutView(order, { orderToken, actionUrl: payment?.actionUrl ?? null });
});
