const FREE_FAILURES = 4;
const DELAY_MAX_MS = 15 * 60_000;
const FORGOTTEN_AFTER_MS = 24 * 60 * 60_000;

/** The failed logins for one address since the last that succeeded. */
export interface Failures {
  readonly count: number;
  readonly lastFailedAtMs: number;
}

/**
 * The time until the next attempt is looked at; 0 when it may come now.
 *
 * After the fifth failure in a row and each further one it is 2^n seconds, at most 15 minutes.
 * Attempts in between are refused unseen and count for nothing, so nobody can lock an owner out for
 * good.
 */
export function blockedMs(failures: Failures | undefined, nowMs: number): number {
  if (failures === undefined || failures.count <= FREE_FAILURES) return 0;
  const delayMs = Math.min(2 ** failures.count * 1_000, DELAY_MAX_MS);
  return Math.max(0, failures.lastFailedAtMs + delayMs - nowMs);
}

/** The failures with one more; those of yesterday are forgotten. */
export function oneMore(failures: Failures | undefined, nowMs: number): Failures {
  const isStale = failures !== undefined && nowMs - failures.lastFailedAtMs > FORGOTTEN_AFTER_MS;
  const before = failures === undefined || isStale ? 0 : failures.count;
  return { count: before + 1, lastFailedAtMs: nowMs };
}
