import type { Environment } from "../contract/environment.ts";

/** The longest time without a look at the clock of the day, in milliseconds. */
const LOOK_EVERY_MS = 60_000;

/**
 * Runs `work` once, as soon as the clock of the day has reached `atMs`. Returns a function that
 * takes it back.
 *
 * The clock is looked at every minute: a timer alone would be late when the clock is set forward or
 * the machine is suspended, and early when it is set back. So `work` runs at most a minute late,
 * and never early.
 */
export function clockTimer(
  clock: Pick<Environment, "now" | "after">,
  {
    atMs,
    lookEveryMs = LOOK_EVERY_MS,
  }: { readonly atMs: number; readonly lookEveryMs?: number | undefined },
  work: () => void,
): () => void {
  let cancel = () => {};
  const wait = () => {
    const leftMs = atMs - clock.now();
    cancel = clock.after(Math.min(Math.max(leftMs, 0), lookEveryMs), look);
  };
  const look = () => {
    if (clock.now() < atMs) wait();
    else work();
  };
  wait();
  return () => cancel();
}
