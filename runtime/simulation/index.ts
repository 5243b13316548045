// All that a test may import as "#runtime/simulation". A short explicit list, pinned by a test.

export type { Actor } from "./agenda.ts";
export type { Failure } from "./failure.ts";
export type { Fault, FaultRates } from "./faults.ts";
export { noFaults } from "./no-faults.ts";
export type {
  Beyond,
  Client,
  Invariant,
  Outside,
  Ports,
  Rows,
  Scenario,
  Workload,
} from "./scenario.ts";
export type { Report, Simulation } from "./simulate.ts";
export { simulate } from "./simulate.ts";
