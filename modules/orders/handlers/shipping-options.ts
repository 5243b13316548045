import { openedCart } from "../cart-access.ts";
import { orders } from "../contract.ts";
import { optionsFor, quotesOf } from "../pricing.ts";
import { handler } from "../uses.ts";

export const shippingOptions = handler(orders.shippingOptions, async (access, context) => {
  const { read, call, fail } = context;
  const cart = openedCart(read, access, context);
  if (cart.address === null) throw fail("ADDRESS_MISSING", { cartId: cart.cartId });
  const quotes = await quotesOf(
    call,
    cart.lines.map((line) => line.variantId),
  );
  return (await optionsFor(call, cart, quotes)) ?? [];
});
