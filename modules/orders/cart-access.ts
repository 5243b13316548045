import type { Identity, Read } from "#runtime";
import type { Cart, CartState } from "./domain/cart.ts";
import { cartById } from "./store/carts.ts";
import { matches, type Tokens, tokenKey } from "./tokens.ts";

export interface CartAccess {
  readonly cartId: string;
  readonly cartToken?: string;
}

interface CartFail {
  (code: "CART_NOT_FOUND", data: { cartId: string }): Error;
  (code: "CART_LOCKED", data: { cartId: string; state: CartState }): Error;
}

/** What every handler of a cart has. */
export interface CartContext {
  readonly identity: Identity;
  readonly fail: CartFail;
  port(key: typeof tokenKey): Tokens;
}

/** The cart, for its token or its owner; for anybody else it is as if it did not exist. */
export function openedCart(on: Read, access: CartAccess, context: CartContext): Cart {
  const { cartId, cartToken } = access;
  const cart = cartById(on, cartId);
  if (cart === undefined) throw context.fail("CART_NOT_FOUND", { cartId });
  const { identity } = context;
  if (identity.kind === "user" && identity.userId === cart.owner) return cart;
  const token = context.port(tokenKey).tokenOf("cart", cartId);
  if (!matches(token, cartToken)) throw context.fail("CART_NOT_FOUND", { cartId });
  return cart;
}

/** The cart, for an edit: a cart that a checkout has, or that is over, is refused. */
export function editableCart(on: Read, access: CartAccess, context: CartContext): Cart {
  const cart = openedCart(on, access, context);
  if (cart.state === "open") return cart;
  throw context.fail("CART_LOCKED", { cartId: cart.cartId, state: cart.state });
}
