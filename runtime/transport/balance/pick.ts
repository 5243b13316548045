import type { Environment } from "../../contract/environment.ts";
import type { Member } from "./member.ts";

const LATENCY_UNKNOWN_MS = 1;

/**
 * Picks an instance: of two at random, the one with less to do and the quicker answers. Those that
 * are left out are passed over, unless all are.
 */
export function pick(
  members: readonly Member[],
  { monotonic, random }: Pick<Environment, "monotonic" | "random">,
): Member | undefined {
  const nowMs = monotonic();
  const fit = members.filter((member) => !member.isEjected(nowMs));
  const among = fit.length === 0 ? members : fit;
  const first = among[Math.floor(random() * among.length)];
  if (first === undefined || among.length === 1) return first;
  const rest = among.filter((member) => member !== first);
  const second = rest[Math.floor(random() * rest.length)] ?? first;
  const usualMs = median(among.map((member) => member.latencyMs(nowMs)));
  const cost = (member: Member) =>
    (member.inFlight + 1) * Math.max(member.latencyMs(nowMs) ?? usualMs, 0.01);
  return cost(second) < cost(first) ? second : first;
}

/** What a new instance is taken for, until it has answered. */
function median(latencies: readonly (number | undefined)[]): number {
  const known = latencies.filter((one) => one !== undefined).sort((one, other) => one - other);
  return known[Math.floor(known.length / 2)] ?? LATENCY_UNKNOWN_MS;
}
