import type { Identity, Money, Read, Transaction } from "#runtime";
import { type CartAccess, type CartContext, openedCart } from "../cart-access.ts";
import { orders } from "../contract.ts";
import { type Cart, missingIn } from "../domain/cart.ts";
import { snapshotOf, standingView } from "../domain/checkout.ts";
import { couponRefusal, customerKey } from "../domain/coupon.ts";
import { goodsOf, type Snapshot } from "../domain/order.ts";
import type { PricedCart } from "../domain/priced-cart.ts";
import { optionsFor, priced, quotesOf } from "../pricing.ts";
import { placeOrder } from "../sagas/place-order.ts";
import { lockCart } from "../store/carts.ts";
import { couponByCode, holdCoupon, usesByCustomer } from "../store/coupons.ts";
import { addOrder } from "../store/orders.ts";
import { handler } from "../uses.ts";

export const startCheckout = handler(orders.startCheckout, async (input, context) => {
  const { read, call, now, fail, newId, identity, transaction } = context;
  const { cartVersion, expectedTotal, paymentToken, note } = input;
  const seen = unlockedCart(read, { ...input, cartVersion }, context);
  const quotes = await quotesOf(
    call,
    seen.lines.map((line) => line.variantId),
  );
  const options = await optionsFor(call, seen, quotes);
  const price = priced(read, seen, { quotes, options, nowMs: now() });
  const cart = ordered(seen, price, context);
  const snapshot = snapshotOf(cart, price, note);
  const { total } = snapshot.totals;
  if (!equal(total, expectedTotal)) throw fail("PRICE_CHANGED", { total });
  const orderId = newId("ord");

  return await transaction((tx) => {
    const lock = { cartId: cart.cartId, version: cartVersion, orderId, nowMs: tx.now };
    // The version is that of the cart that was priced, so nothing of it has changed since.
    if (!lockCart(tx, lock)) {
      unlockedCart(tx, { ...input, cartVersion }, context);
      throw fail("CART_CHANGED", { version: seen.version });
    }
    const refusal = takeCoupon(tx, orderId, { ...cart, snapshot });
    if (refusal !== null) throw fail("COUPON_NOT_APPLICABLE", { reason: refusal });
    const number = place(tx, { cart, orderId, paymentToken, snapshot, identity });
    const { amount, currency } = total;
    const row = { orderId, number, total: amount, currency, abandoned: 0, rejection: null };
    return standingView({ ...row, status: "pending" }, null);
  });
});

type OrderedCart = Cart & { readonly email: string };

interface CheckoutFail {
  (code: "CART_CHANGED", data: { version: number }): Error;
  (code: "CHECKOUT_IN_PROGRESS", data: { checkoutId: string }): Error;
}

/** The cart, if it is open and still in the version that the customer saw. */
function unlockedCart(
  on: Read,
  access: CartAccess & { cartVersion: number },
  context: CartContext & { readonly fail: CheckoutFail },
): Cart {
  const cart = openedCart(on, access, context);
  const { cartId, state, version, orderId } = cart;
  if (state === "locked" && orderId !== null) {
    throw context.fail("CHECKOUT_IN_PROGRESS", { checkoutId: orderId });
  }
  if (state !== "open") throw context.fail("CART_LOCKED", { cartId, state });
  if (version !== access.cartVersion) throw context.fail("CART_CHANGED", { version });
  return cart;
}

/** The cart, if it has all that an order needs. */
function ordered(
  cart: Cart,
  price: PricedCart,
  { fail }: { fail(code: "CART_INCOMPLETE", data: { missing: string[] }): Error },
): OrderedCart {
  const gone = price.lines.filter(({ quote }) => !quote.sellable);
  const offered = { ...cart, shippingOptionId: price.shippingOptionId };
  const missing = [...missingIn(offered), ...gone.map(({ line }) => `sellable:${line.itemId}`)];
  const { email } = cart;
  if (missing.length > 0 || email === null) throw fail("CART_INCOMPLETE", { missing });
  return { ...cart, email };
}

/** Counts the order against its coupon's limits, or tells why that is refused. */
function takeCoupon(
  tx: Transaction,
  orderId: string,
  { email, snapshot }: { email: string; snapshot: Snapshot },
): string | null {
  const { couponCode: code, totals } = snapshot;
  if (code === null) return null;
  const claim = { code, customer: customerKey(email) };
  const refusal = couponRefusal(couponByCode(tx, code), {
    subtotal: totals.subtotal,
    nowMs: tx.now,
    usesByCustomer: usesByCustomer(tx, claim),
  });
  if (refusal === null) holdCoupon(tx, { orderId, ...claim });
  return refusal;
}

interface Placing {
  readonly cart: OrderedCart;
  readonly orderId: string;
  readonly paymentToken: string;
  readonly snapshot: Snapshot;
  readonly identity: Identity;
}

/** Writes the order, says so, and starts its saga. Returns its number. */
function place(tx: Transaction, placing: Placing): number {
  const { cart, orderId, paymentToken, snapshot, identity } = placing;
  const { cartId, email } = cart;
  const owner = identity.kind === "user" ? identity.userId : cart.owner;
  const placedAtMs = tx.now;
  const { total } = snapshot.totals;
  const number = addOrder(tx, { orderId, cartId, owner, email, snapshot, placedAtMs });
  tx.emit(orders.orderPlaced, { orderId, number, total });
  const { address, shippingOptionId: optionId } = snapshot;
  tx.start(placeOrder, orderId, {
    orderId,
    cartId,
    placedAtMs,
    total,
    paymentToken,
    hasCoupon: snapshot.couponCode !== null,
    goods: goodsOf(snapshot.lines),
    delivery: address === null || optionId === null ? null : { optionId, address },
  });
  return number;
}

function equal(a: Money, b: Money): boolean {
  return a.amount === b.amount && a.currency === b.currency;
}
