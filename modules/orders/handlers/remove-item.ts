import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";

export const removeItem = handler(
  orders.removeItem,
  { uses: [products, shipping] },
  async (input, context) =>
    await editCart(input, context, {
      apply: (cart) => ({
        ...cart,
        lines: cart.lines.filter((line) => line.itemId !== input.itemId),
      }),
    }),
);
