import { type Edge, Elysia } from "#runtime/http";
import { cartRoutes } from "./http/carts.ts";
import { checkoutRoutes } from "./http/checkouts.ts";
import { orderRoutes } from "./http/orders.ts";

/** Carts, checkouts and orders. */
export function http(edge: Edge) {
  return new Elysia({ name: "orders" })
    .use(cartRoutes(edge))
    .use(checkoutRoutes(edge))
    .use(orderRoutes(edge));
}

/** The type of the routes of orders, for their client. */
export type OrdersHttp = ReturnType<typeof http>;
