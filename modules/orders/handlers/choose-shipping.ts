import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { handler } from "#runtime";
import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";

export const chooseShipping = handler(
  orders.chooseShipping,
  { uses: [products, shipping] },
  async (input, context) => {
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
  },
);
