import { defineModule } from "#runtime";
import { orders } from "./contract.ts";
import { abandonCheckout } from "./handlers/abandon-checkout.ts";
import { addItem } from "./handlers/add-item.ts";
import { applyCoupon } from "./handlers/apply-coupon.ts";
import { cancelOrder } from "./handlers/cancel-order.ts";
import { cartById } from "./handlers/cart-by-id.ts";
import { changeItem } from "./handlers/change-item.ts";
import { checkoutById } from "./handlers/checkout-by-id.ts";
import { chooseShipping } from "./handlers/choose-shipping.ts";
import { createCart } from "./handlers/create-cart.ts";
import { createCoupon } from "./handlers/create-coupon.ts";
import { expireCart } from "./handlers/expire-cart.ts";
import { orderById } from "./handlers/order-by-id.ts";
import { orderTokens } from "./handlers/order-tokens.ts";
import { ordersOf } from "./handlers/orders-of.ts";
import { reconcile } from "./handlers/reconcile.ts";
import { refundById } from "./handlers/refund-by-id.ts";
import { refundOrder } from "./handlers/refund-order.ts";
import { removeCoupon } from "./handlers/remove-coupon.ts";
import { removeItem } from "./handlers/remove-item.ts";
import { setAddress } from "./handlers/set-address.ts";
import { setContact } from "./handlers/set-contact.ts";
import { shippingOptions } from "./handlers/shipping-options.ts";
import { startCheckout } from "./handlers/start-checkout.ts";
import initial from "./migrations/0000_initial.sql" with { type: "text" };
import removedTokens from "./migrations/0001_removed_tokens.sql" with { type: "text" };
import { onAuthorisationExpired } from "./reactions/on-authorisation-expired.ts";
import { onDispatchFailed } from "./reactions/on-dispatch-failed.ts";
import { onPaymentActionRequired } from "./reactions/on-payment-action-required.ts";
import { onPaymentAuthorised } from "./reactions/on-payment-authorised.ts";
import { onPaymentCaptured } from "./reactions/on-payment-captured.ts";
import { onPaymentDeclined } from "./reactions/on-payment-declined.ts";
import { onPaymentVoided } from "./reactions/on-payment-voided.ts";
import { onRefundFailed } from "./reactions/on-refund-failed.ts";
import { onRefundSucceeded } from "./reactions/on-refund-succeeded.ts";
import { onShipmentDelivered } from "./reactions/on-shipment-delivered.ts";
import { onShipmentShipped } from "./reactions/on-shipment-shipped.ts";
import { bookReversal } from "./sagas/book-reversal.ts";
import { cancelOrder as cancellation, cancelOrderVersion1 } from "./sagas/cancel-order.ts";
import { placeOrder } from "./sagas/place-order.ts";
import { refundOrder as refunding, refundOrderVersion1 } from "./sagas/refund-order.ts";
import { stopOrder } from "./sagas/stop-order.ts";
import * as schema from "./schema.ts";
import { tokenKey } from "./tokens.ts";
import { uses } from "./uses.ts";

export default defineModule({
  contract: orders,
  uses,
  handlers: {
    abandonCheckout,
    addItem,
    applyCoupon,
    cancelOrder,
    cartById,
    changeItem,
    checkoutById,
    chooseShipping,
    createCart,
    createCoupon,
    expireCart,
    orderById,
    orderTokens,
    ordersOf,
    reconcile,
    refundById,
    refundOrder,
    removeCoupon,
    removeItem,
    setAddress,
    setContact,
    shippingOptions,
    startCheckout,
  },
  reactions: [
    onAuthorisationExpired,
    onDispatchFailed,
    onPaymentActionRequired,
    onPaymentAuthorised,
    onPaymentCaptured,
    onPaymentDeclined,
    onPaymentVoided,
    onRefundFailed,
    onRefundSucceeded,
    onShipmentDelivered,
    onShipmentShipped,
  ],
  sagas: [
    placeOrder,
    cancellation,
    cancelOrderVersion1,
    refunding,
    refundOrderVersion1,
    stopOrder,
    bookReversal,
  ],
  schema,
  migrations: [
    { name: "0000_initial", sql: initial },
    { name: "0001_removed_tokens", sql: removedTokens },
  ],
  ports: [tokenKey],
});
