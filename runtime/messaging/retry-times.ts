import { isContractError } from "../contract/errors.ts";

/** Pauses between the attempts at a dead letter, in milliseconds: as long as it has been one. */
export const PAUSE_FIRST_MS = 30_000;
const PAUSE_MAX_MS = 1_800_000;
/** How long an event is tried again by itself: a day, in milliseconds. */
const RETRY_FOR_MS = 86_400_000;

/**
 * When an event that was just set aside is tried again: soon, as what it needs may come meanwhile;
 * later when it does not fit a contract, which a deployment alone can mend. Each start of the
 * module tries it again as well.
 */
export function firstRetryAtMs(error: unknown, nowMs: number): number {
  return nowMs + (isContractError(error) ? PAUSE_MAX_MS : PAUSE_FIRST_MS);
}

/** When a dead letter that has failed again is tried next by itself; null when it no longer is. */
export function nextRetryAtMs(
  error: unknown,
  { diedAtMs, nowMs }: { readonly diedAtMs: number; readonly nowMs: number },
): number | null {
  const ageMs = nowMs - diedAtMs;
  if (ageMs >= RETRY_FOR_MS) return null;
  if (isContractError(error)) return nowMs + PAUSE_MAX_MS;
  return nowMs + Math.min(Math.max(ageMs, PAUSE_FIRST_MS), PAUSE_MAX_MS);
}
