import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { handler } from "../uses.ts";

export const removeItem = handler(
  orders.removeItem,
  async (input, context) =>
    await editCart(input, context, {
      apply: (cart) => ({
        ...cart,
        lines: cart.lines.filter((line) => line.itemId !== input.itemId),
      }),
    }),
);
