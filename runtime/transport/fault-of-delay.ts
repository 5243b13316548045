import type { TransportFault } from "../contract/errors.ts";

/**
 * The least time that a callee must have been given to be blamed for a DEADLINE, in milliseconds: a
 * shorter one says more of the caller, who chose it, than of the callee.
 */
const BLAMED_FROM_MS = 5_000;

/**
 * Whose fault it is that a call was not answered within the time that it was given, in
 * milliseconds; without one, it had enough.
 */
export function faultOfDelay(givenMs = Number.POSITIVE_INFINITY): TransportFault {
  return givenMs < BLAMED_FROM_MS ? "caller" : "callee";
}
