import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { handler } from "../uses.ts";

export const removeCoupon = handler(
  orders.removeCoupon,
  async (input, context) =>
    await editCart(input, context, { apply: (cart) => ({ ...cart, couponCode: null }) }),
);
