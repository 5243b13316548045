/** The longest delay of `setTimeout`: a longer one is cut to a millisecond. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** The timers of the event loop. */
export interface Timers<Timer> {
  set(work: () => void, delayMs: number): Timer;
  clear(timer: Timer): void;
}

/**
 * Makes `after` from timers that hold at most 2^31 - 1 milliseconds: a longer delay is waited for
 * in parts. Throws a TypeError when the delay is no number.
 */
export function longTimer<Timer>({ set, clear }: Timers<Timer>) {
  return (delayMs: number, work: () => void): (() => void) => {
    if (Number.isNaN(Number(delayMs))) {
      throw new TypeError(`A timer was given ${delayMs}, which is not a number of milliseconds.`);
    }
    let leftMs = delayMs;
    const wait = (): Timer => {
      const partMs = Math.min(leftMs, TIMER_MS_MAX);
      leftMs -= partMs;
      return set(leftMs > 0 ? again : work, partMs);
    };
    const again = () => {
      timer = wait();
    };
    let timer = wait();
    return () => clear(timer);
  };
}
