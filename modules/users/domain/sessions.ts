const DAY_MS = 24 * 60 * 60_000;
const IDLE_MAX_MS = 14 * DAY_MS;
const AGE_MAX_MS = 90 * DAY_MS;
const GRACE_MS = 10_000;

/** The sessions that one user can have at a time; the oldest ends when there are more. */
export const SESSIONS_MAX = 100;

/** When a session ends that is used now: after 14 days without use, at the latest after 90 days. */
export function endsAtMs({ openedAtMs, nowMs }: { openedAtMs: number; nowMs: number }): number {
  return Math.min(nowMs + IDLE_MAX_MS, openedAtMs + AGE_MAX_MS);
}

/** Tokens used before this are forgotten; one that old would not be good for anything anyway. */
export function forgottenBeforeMs(nowMs: number): number {
  return nowMs - IDLE_MAX_MS;
}

/** A refresh token as it is known when it is presented. */
export interface Presented {
  /** When it was used before; null when it was not. */
  readonly usedAtMs: number | null;
  /** Whether the token that it was exchanged for was used. */
  readonly successorUsed: boolean;
}

/**
 * What presenting a refresh token means.
 *
 * `"again"` is the token used last, within ten seconds: its answer was lost, or two requests ran
 * side by side. `"stolen"` is any other used one: two parties hold what one was given.
 */
export function useOf(token: Presented, nowMs: number): "first" | "again" | "stolen" {
  if (token.usedAtMs === null) return "first";
  if (token.successorUsed || nowMs - token.usedAtMs > GRACE_MS) return "stolen";
  return "again";
}
