import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";

export const changeItem = handler(
  orders.changeItem,
  { uses: [products, shipping] },
  async (input, context) => {
    const { itemId, quantity } = input;
    return await editCart(input, context, {
      apply(cart) {
        if (!cart.lines.some((line) => line.itemId === itemId)) {
          throw context.fail("ITEM_NOT_FOUND", { itemId });
        }
        const lines = cart.lines.map((line) =>
          line.itemId === itemId ? { ...line, quantity } : line,
        );
        return { ...cart, lines };
      },
    });
  },
);
