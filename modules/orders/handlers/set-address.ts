import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { handler } from "../uses.ts";

export const setAddress = handler(
  orders.setAddress,
  async (input, context) =>
    await editCart(input, context, { apply: (cart) => ({ ...cart, address: input.address }) }),
);
