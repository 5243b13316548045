import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { openedCart } from "../cart-access.ts";
import { orders } from "../contract.ts";
import { optionsFor, quotesOf } from "../pricing.ts";

export const shippingOptions = handler(
  orders.shippingOptions,
  { uses: [products, shipping] },
  async (access, context) => {
    const { read, call, fail } = context;
    const cart = openedCart(read, access, context);
    if (cart.address === null) throw fail("ADDRESS_MISSING", { cartId: cart.cartId });
    const quotes = await quotesOf(
      call,
      cart.lines.map((line) => line.variantId),
    );
    return (await optionsFor(call, cart, quotes)) ?? [];
  },
);
