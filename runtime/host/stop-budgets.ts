import { HOLD_MS_MAX } from "../gateway/drain.ts";
import { REQUEST_DEADLINE_MS } from "../gateway/pending-request.ts";
import { CALL_DEADLINE_MS } from "../module/caller.ts";
import { GIVE_UP_AFTER_MS } from "../resilience/deadlines.ts";
import { TERM_MS_MAX } from "../transport/nats/limits.ts";
import { LAST_WORDS_MS } from "./child.ts";
import type { Placement } from "./topology.ts";

// How long stopping may take, in milliseconds. Each budget is made of those that it contains.

/** What is added to a budget for timers that ring late and logs that are written. */
const MARGIN_MS = 1_000;

/** Time for requests in flight, each of which is answered or given up by then. */
export const REQUESTS_STOP_MS = REQUEST_DEADLINE_MS + GIVE_UP_AFTER_MS + MARGIN_MS;
/** Time for a gateway, after its DRAIN_MS. */
const GATEWAY_STOP_MS = HOLD_MS_MAX + REQUESTS_STOP_MS;

/** Time for the parts of an instance to close when its calls have ended or were given up. */
export const INSTANCE_CLOSE_MS = 4_000;
/**
 * Time for all of an instance. Planned jobs, and calls with a deadline of their own such as those
 * of the command line, may take longer: they are cut off, as a crash would do. A job is run again
 * at the next start; whoever made the call is told that it may have been done.
 */
export const INSTANCE_STOP_MS = CALL_DEADLINE_MS + GIVE_UP_AFTER_MS + INSTANCE_CLOSE_MS;
/** Time for a replica to finish taking over from the owner, before it stops as an instance. */
export const TAKE_OVER_STOP_MS = 1_000;

/** A process of a topology, with the DRAIN_MS of its gateway. */
export interface StoppingProcess {
  readonly role: Placement["role"];
  readonly drainMs: number;
}

/** Time for a process to stop by itself. */
export function processStopMs({ role, drainMs }: StoppingProcess): number {
  const gatewayMs = role === "edge" ? drainMs + GATEWAY_STOP_MS : 0;
  return gatewayMs + TAKE_OVER_STOP_MS + INSTANCE_STOP_MS + MARGIN_MS;
}

/** Time after which a supervisor kills a process that it has asked to stop. */
export function supervisedStopMs(process: StoppingProcess): number {
  return processStopMs(process) + MARGIN_MS;
}

/** Time after which a supervisor kills its nats-server, which its run has tried before. */
export const BROKER_STOP_MS = TERM_MS_MAX + MARGIN_MS;

/** Time for a supervisor: gateways first, then all other processes, then the nats-server. */
export function systemStopMs({ drainMs }: Pick<StoppingProcess, "drainMs">): number {
  const processesMs = (["edge", "host"] as const)
    .map((role) => supervisedStopMs({ role, drainMs }) + LAST_WORDS_MS)
    .reduce((sum, ms) => sum + ms, 0);
  return processesMs + BROKER_STOP_MS + MARGIN_MS;
}
