import type { Topology } from "../../runtime/host/topology.ts";
import { moduleNames } from "../module-names.ts";

/** Everything in one process, without NATS. */
export default { gateway: moduleNames } satisfies Topology;
