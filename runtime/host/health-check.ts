import type { Environment } from "../contract/environment.ts";

/** Milliseconds between two questions. */
const EVERY_MS = 5_000;
/**
 * Questions in a row without an answer after which a process is taken to hang: half a minute. A
 * loop that is busy for some seconds, with a long statement or a large input, is not: nothing that
 * a request may ask for takes longer than its deadline of ten seconds.
 */
const UNANSWERED_MAX = 6;

/**
 * Asks again and again whether a process still answers, and calls `silent` once with how long it
 * did not. Returns what ends it.
 *
 * Questions are counted, not time: after a sleep of the machine, or while this process is held up
 * itself, only one has gone unanswered.
 */
export function watchHealth(
  ask: () => Promise<void>,
  environment: Pick<Environment, "after">,
  silent: (forMs: number) => void,
): () => void {
  let cancel = () => {};
  const pause = () =>
    new Promise<void>((resolve) => {
      cancel = environment.after(EVERY_MS, resolve);
    });
  const watch = async () => {
    for (let unanswered = 0; unanswered < UNANSWERED_MAX; ) {
      let hasAnswered = false;
      void ask().then(() => {
        hasAnswered = true;
      });
      await pause();
      unanswered = hasAnswered ? 0 : unanswered + 1;
    }
    silent(UNANSWERED_MAX * EVERY_MS);
  };
  void watch();
  return () => cancel();
}
