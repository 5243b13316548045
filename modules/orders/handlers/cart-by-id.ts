import { openedCart } from "../cart-access.ts";
import { orders } from "../contract.ts";
import { cartView, optionsFor, quotesOf } from "../pricing.ts";
import { handler } from "../uses.ts";

export const cartById = handler(orders.cartById, async (access, context) => {
  const { read, call, now } = context;
  const cart = openedCart(read, access, context);
  const quotes = await quotesOf(
    call,
    cart.lines.map((line) => line.variantId),
  );
  const options = cart.shippingOptionId === null ? null : await optionsFor(call, cart, quotes);
  return cartView(read, cart, { quotes, options, nowMs: now() });
});
