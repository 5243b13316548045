import { inventory } from "#modules/inventory";
import { notifications } from "#modules/notifications";
import { orders } from "#modules/orders";
import { payments } from "#modules/payments";
import { products } from "#modules/products";
import { shipping } from "#modules/shipping";
import { users } from "#modules/users";

/** What verifies access tokens, for the gateway; loaded where there is one. */
export const loadAuthenticator = () => import("./users/authenticate.ts");

/**
 * The one list of modules. Contracts are loaded at once; an instance loads the inside of those that
 * it hosts, and routes where there is a gateway.
 */
export const modules = [
  {
    contract: users,
    module: () => import("./users/module.ts"),
    http: () => import("./users/http.ts"),
  },
  {
    contract: products,
    module: () => import("./products/module.ts"),
    http: () => import("./products/http.ts"),
  },
  {
    contract: inventory,
    module: () => import("./inventory/module.ts"),
    http: () => import("./inventory/http.ts"),
  },
  {
    contract: payments,
    module: () => import("./payments/module.ts"),
    http: () => import("./payments/http.ts"),
  },
  {
    contract: shipping,
    module: () => import("./shipping/module.ts"),
    http: () => import("./shipping/http.ts"),
  },
  {
    contract: orders,
    module: () => import("./orders/module.ts"),
    http: () => import("./orders/http.ts"),
  },
  {
    contract: notifications,
    module: () => import("./notifications/module.ts"),
    http: () => import("./notifications/http.ts"),
  },
] as const;
