import { editCart } from "../cart-edit.ts";
import { orders } from "../contract.ts";
import { handler } from "../uses.ts";

export const setContact = handler(
  orders.setContact,
  async (input, context) =>
    await editCart(input, context, { apply: (cart) => ({ ...cart, email: input.email }) }),
);
