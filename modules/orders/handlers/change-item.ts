import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { fit, linesMax, quantityMax, requoted, worthMax } from "../domain/cart.ts";
import { handler } from "../uses.ts";

export const changeItem = handler(orders.changeItem, async (input, context) => {
  const { itemId, quantity } = input;
  const { fail } = context;
  return await editCart(input, context, {
    apply(cart, quotes) {
      if (!cart.lines.some((line) => line.itemId === itemId)) {
        throw fail("ITEM_NOT_FOUND", { itemId });
      }
      const lines = cart.lines.map((line) =>
        line.itemId === itemId ? { ...line, quantity, quote: requoted(line, quotes) } : line,
      );
      if (!fit(lines)) throw fail("CART_FULL", { linesMax, quantityMax, worthMax });
      return { ...cart, lines };
    },
  });
});
