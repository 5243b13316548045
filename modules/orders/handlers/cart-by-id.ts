import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { openedCart } from "../cart-access.ts";
import { orders } from "../contract.ts";
import { cartView, optionsFor, quotesOf } from "../pricing.ts";

export const cartById = handler(
  orders.cartById,
  { uses: [products, shipping] },
  async (access, context) => {
    const { read, call, now } = context;
    const cart = openedCart(read, access, context);
    const quotes = await quotesOf(
      call,
      cart.lines.map((line) => line.variantId),
    );
    const options = cart.shippingOptionId === null ? null : await optionsFor(call, cart, quotes);
    return cartView(read, cart, { quotes, options, nowMs: now() });
  },
);
