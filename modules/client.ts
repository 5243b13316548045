import { treaty } from "@elysiajs/eden";
import type { InventoryHttp } from "./inventory/http.ts";
import type { NotificationsHttp } from "./notifications/http.ts";
import type { OrdersHttp } from "./orders/http.ts";
import type { PaymentsHttp } from "./payments/http.ts";
import type { ProductsHttp } from "./products/http.ts";
import type { ShippingHttp } from "./shipping/http.ts";
import type { UsersHttp } from "./users/http.ts";

/**
 * Headers sent with every request, such as `authorization` or `x-cart-token`; asked for anew each
 * time.
 */
export type ClientHeaders = () => Record<string, string>;

/**
 * A typed client of the shop at an origin, as in `http://127.0.0.1:3000`: one Eden treaty a module.
 *
 * Only types come from the server. Dates stay strings: with Eden's default a text that looks like a
 * date would become one, against its type.
 */
export function client(origin: string, headers: ClientHeaders = () => ({})) {
  const config = { parseDate: false, headers: () => headers() } as const;
  return {
    users: treaty<UsersHttp>(origin, config),
    products: treaty<ProductsHttp>(origin, config),
    inventory: treaty<InventoryHttp>(origin, config),
    orders: treaty<OrdersHttp>(origin, config),
    payments: treaty<PaymentsHttp>(origin, config),
    shipping: treaty<ShippingHttp>(origin, config),
    notifications: treaty<NotificationsHttp>(origin, config),
  };
}
