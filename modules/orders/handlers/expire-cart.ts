import { handler } from "#runtime";
import { orders } from "../contract.ts";
import { cartLifeMs } from "../domain/cart.ts";
import { cartById, expireCart as expire } from "../store/carts.ts";

/** Asked again only when it fires, so that an edit of a cart plans nothing. */
export const expireCart = handler(orders.expireCart, ({ cartId }, { transaction }) =>
  transaction((tx) => {
    const cart = cartById(tx, cartId);
    if (cart === undefined || (cart.state !== "open" && cart.state !== "locked")) {
      return { expired: cart?.state === "expired" };
    }
    const dueMs = cart.touchedAtMs + cartLifeMs;
    if (cart.state === "open" && dueMs <= tx.now) return { expired: expire(tx, cartId) };
    const atMs = dueMs <= tx.now ? tx.now + cartLifeMs : dueMs;
    tx.schedule(orders.expireCart, { cartId }, { key: `${cartId} ${atMs}`, atMs });
    return { expired: false };
  }),
);
