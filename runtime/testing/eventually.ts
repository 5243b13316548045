const PAUSE_MS = 20;

/** How long to read, and what to do when that fails. */
interface Patience {
  readonly withinMs?: number;
  /** Takes a read that throws as one that does not hold: whoever is asked is on its way up. */
  readonly despiteErrors?: boolean;
}

/**
 * Reads until what was read holds, and resolves with it. Throws what a read throws, or with what
 * was read last when that takes too long.
 *
 * For what another process does in its own time and tells nobody; within one, wait for its event.
 * The time is patience, not a measure: machines that run tests may be slow.
 */
export async function eventually<T>(
  read: () => T | Promise<T>,
  holds: (found: T) => boolean,
  { withinMs = 20_000, despiteErrors = false }: Patience = {},
): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    let last: string;
    try {
      const found = await read();
      if (holds(found)) return found;
      last = JSON.stringify(found);
    } catch (error) {
      if (!despiteErrors) throw error;
      last = String(error);
    }
    if (Date.now() > untilMs) throw new Error(`Still not so after ${withinMs} ms: ${last}`);
    await Bun.sleep(PAUSE_MS);
  }
}
