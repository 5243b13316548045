import { orders } from "../contract.ts";
import { tokenKey } from "../tokens.ts";
import { handler } from "../uses.ts";

export const orderTokens = handler(orders.orderTokens, ({ orderIds }, { port }) => {
  const tokens = port(tokenKey);
  return orderIds.map((orderId) => tokens.tokenOf("order", orderId));
});
