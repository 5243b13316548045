import type { Topology } from "../../runtime/host/topology.ts";

/**
 * What visitors ask for before they buy is answered by the gateway's own process; a sale, and what
 * follows it, can be slow or down without stopping them from looking around.
 * A module that is added runs beside what follows a sale.
 */
export default {
  gateway: ["users", "products"],
  sale: ["orders", "inventory", "payments"],
  after: ["shipping", "notifications", "*"],
} satisfies Topology;
