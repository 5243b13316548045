import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { linesMax, mergeLines, quantityMax, worthMax } from "../domain/cart.ts";
import { handler } from "../uses.ts";

export const addItem = handler(orders.addItem, async (input, context) => {
  const { variantId, quantity } = input;
  const { fail, newId } = context;
  const itemId = newId("itm");
  return await editCart(input, context, {
    variantId,
    apply(cart, quotes) {
      const quote = quotes.get(variantId);
      if (!quote?.sellable) throw fail("VARIANT_NOT_FOUND", { variantId });
      const lines = mergeLines(cart.lines, [{ itemId, variantId, quantity, quote }]);
      if (lines === null) throw fail("CART_FULL", { linesMax, quantityMax, worthMax });
      return { ...cart, lines };
    },
  });
});
