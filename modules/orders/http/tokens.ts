import { t } from "#runtime";

const Token = t.Optional(t.String({ maxLength: 100 }));

/** The header that opens a cart and its checkouts. */
export const cartHeaders = t.Object({ "x-cart-token": Token });

/** The header that opens an order. */
export const orderHeaders = t.Object({ "x-order-token": Token });

/** Leave to a cart: its id from the path, its token from the header. */
export function cartAccess(
  { cartId }: { cartId: string },
  headers: { "x-cart-token"?: string },
): { cartId: string; cartToken?: string } {
  const cartToken = headers["x-cart-token"];
  return cartToken === undefined ? { cartId } : { cartId, cartToken };
}

/** Leave to a checkout, by the token of its cart. */
export function checkoutAccess(
  { checkoutId }: { checkoutId: string },
  headers: { "x-cart-token"?: string },
): { checkoutId: string; cartToken?: string } {
  const cartToken = headers["x-cart-token"];
  return cartToken === undefined ? { checkoutId } : { checkoutId, cartToken };
}

/** The same token in the address, for the link of a mail. */
export const orderQuery = t.Object({ orderToken: Token });

/** Leave to an order: its id from the path, its token from the header, or else from the link. */
export function orderAccess(
  { orderId }: { orderId: string },
  headers: { "x-order-token"?: string },
  link: { orderToken?: string } = {},
): { orderId: string; orderToken?: string } {
  const orderToken = headers["x-order-token"] ?? link.orderToken;
  return orderToken === undefined ? { orderId } : { orderId, orderToken };
}
