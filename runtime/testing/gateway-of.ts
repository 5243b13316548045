import { type Gateway, type GatewayOptions, gateway } from "../gateway/gateway.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { silent } from "./silent-log.ts";

/**
 * Opens a gateway over these routes at a free port of this machine. It has no modules to call and
 * knows no tokens, unless `options` say otherwise.
 */
export function gatewayOf(
  routes: GatewayOptions["routes"],
  options: Partial<GatewayOptions> = {},
): Gateway {
  return gateway({
    routes,
    invoke: () => Promise.reject(new Error("nothing is called here")),
    authenticate: () => Promise.reject(new Error("nobody signs in here")),
    host: "127.0.0.1",
    port: 0,
    log: silent,
    environment: realEnvironment(),
    development: false,
    ready: () => true,
    ...options,
  });
}
