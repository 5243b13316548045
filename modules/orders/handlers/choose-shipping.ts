import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { handler } from "../uses.ts";

export const chooseShipping = handler(orders.chooseShipping, async (input, context) => {
  const { optionId } = input;
  const { fail } = context;
  return await editCart(input, context, {
    apply(cart) {
      if (cart.address === null) throw fail("ADDRESS_MISSING", { cartId: cart.cartId });
      return cart;
    },
    choose(cart, options) {
      const offered = options.some((one) => one.optionId === optionId);
      if (!offered) throw fail("OPTION_NOT_FOUND", { optionId });
      return { ...cart, shippingOptionId: optionId };
    },
  });
});
