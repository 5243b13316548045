import { type Identity, isStaff, type Read } from "#runtime";
import { orderById, type Standing, type StoredOrder, standingOf } from "./store/orders.ts";
import { matches, type Tokens, tokenKey } from "./tokens.ts";

interface Context<Code extends string, Data> {
  readonly identity: Identity;
  readonly fail: (code: Code, data: Data) => Error;
  port(key: typeof tokenKey): Tokens;
}

/** The order, for its owner, its token or staff; for anybody else it is as if it did not exist. */
export function openedOrder(
  on: Read,
  access: { orderId: string; orderToken?: string },
  context: Context<"ORDER_NOT_FOUND", { orderId: string }>,
): StoredOrder {
  const { orderId, orderToken } = access;
  const order = orderById(on, orderId);
  if (order !== undefined) {
    if (isStaff(context.identity) || isOwner(order, context.identity)) return order;
    if (matches(context.port(tokenKey).tokenOf("order", orderId), orderToken)) return order;
  }
  throw context.fail("ORDER_NOT_FOUND", { orderId });
}

/** How the order of a checkout stands, for the holder of its cart's token, its owner or staff. */
export function openedCheckout(
  on: Read,
  access: { checkoutId: string; cartToken?: string },
  context: Context<"CHECKOUT_NOT_FOUND", { checkoutId: string }>,
): Standing {
  const { checkoutId, cartToken } = access;
  const order = standingOf(on, checkoutId);
  if (order !== undefined) {
    if (isStaff(context.identity) || isOwner(order, context.identity)) return order;
    if (matches(context.port(tokenKey).tokenOf("cart", order.cartId), cartToken)) return order;
  }
  throw context.fail("CHECKOUT_NOT_FOUND", { checkoutId });
}

function isOwner(order: { owner: string | null }, identity: Identity): boolean {
  return identity.kind === "user" && identity.userId === order.owner;
}
