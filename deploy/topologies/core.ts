import type { Topology } from "../../runtime/host/topology.ts";

/**
 * What a checkout calls lives together, so that its calls stay in process. The catalogue, which is
 * read most, has readers of its own; what runs after a sale is kept apart from it.
 * A module that is added runs beside what follows a sale.
 */
export default {
  gateway: [],
  core: ["orders", "inventory", "payments"],
  products: { readers: 2 },
  after: ["shipping", "notifications", "*"],
  users: ["users"],
} satisfies Topology;
