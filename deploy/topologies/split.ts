import type { Topology } from "../../runtime/host/topology.ts";
import { moduleNames } from "../module-names.ts";

/** Every module for itself, and the gateway apart. */
export default {
  gateway: [],
  ...Object.fromEntries(moduleNames.map((name) => [name, [name]])),
} satisfies Topology;
