import { handler } from "#runtime";
import { orders } from "../contract.ts";
import { cartLifeMs } from "../domain/cart.ts";
import { addCart, liveCartOf } from "../store/carts.ts";
import { tokenKey } from "../tokens.ts";

export const createCart = handler(orders.createCart, (_input, { transaction, identity, port }) => {
  const tokens = port(tokenKey);
  const owner = identity.kind === "user" ? identity.userId : null;
  return transaction((tx) => {
    const known = owner === null ? undefined : liveCartOf(tx, owner);
    const cartId = known ?? tx.newId("crt");
    if (known === undefined) {
      const atMs = tx.now + cartLifeMs;
      addCart(tx, { cartId, owner, nowMs: tx.now });
      tx.schedule(orders.expireCart, { cartId }, { key: `${cartId} ${atMs}`, atMs });
    }
    return { cartId, cartToken: tokens.tokenOf("cart", cartId) };
  });
});
