const PAUSE_MS = 20;

/**
 * Reads until what was read holds, and resolves with it. Throws with what was read last when that
 * takes too long.
 *
 * For what another process does in its own time and tells nobody; within one, wait for its event.
 */
export async function eventually<T>(
  read: () => Promise<T>,
  holds: (found: T) => boolean,
  { withinMs = 20_000 }: { readonly withinMs?: number } = {},
): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    const found = await read();
    if (holds(found)) return found;
    if (Date.now() > untilMs) {
      throw new Error(`Still not so after ${withinMs} ms: ${JSON.stringify(found)}`);
    }
    await Bun.sleep(PAUSE_MS);
  }
}
