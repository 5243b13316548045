import { type ClientHeaders, moduleClient } from "#runtime/client";
import type { InventoryHttp } from "./inventory/http.ts";
import type { NotificationsHttp } from "./notifications/http.ts";
import type { OrdersHttp } from "./orders/http.ts";
import type { PaymentsHttp } from "./payments/http.ts";
import type { ProductsHttp } from "./products/http.ts";
import type { ShippingHttp } from "./shipping/http.ts";
import type { UsersHttp } from "./users/http.ts";

/**
 * A typed client of the shop at an origin, as in `http://127.0.0.1:3000`: one Eden treaty a module.
 * Only types come from the server.
 */
export function client(origin: string, headers: ClientHeaders = () => ({})) {
  return {
    users: moduleClient<UsersHttp>(origin, headers),
    products: moduleClient<ProductsHttp>(origin, headers),
    inventory: moduleClient<InventoryHttp>(origin, headers),
    orders: moduleClient<OrdersHttp>(origin, headers),
    payments: moduleClient<PaymentsHttp>(origin, headers),
    shipping: moduleClient<ShippingHttp>(origin, headers),
    notifications: moduleClient<NotificationsHttp>(origin, headers),
  };
}
