const PAUSE_MS = 20;

/**
 * Reads until what was read holds, and resolves with it. A read that throws has not held: whoever
 * is asked may be on its way up. Throws with what came last when that takes too long.
 *
 * For what another process does in its own time and tells nobody; within one, wait for its event.
 * The time is patience, not a measure: machines that run tests may be slow.
 */
export async function eventually<T>(
  read: () => Promise<T>,
  holds: (found: T) => boolean,
  { withinMs = 20_000 }: { readonly withinMs?: number } = {},
): Promise<T> {
  const untilMs = Date.now() + withinMs;
  for (;;) {
    const outcome = await read().then(
      (found) => ({ found }),
      (cause: unknown) => ({ cause }),
    );
    if ("found" in outcome && holds(outcome.found)) return outcome.found;
    if (Date.now() > untilMs) throw late(withinMs, outcome);
    await Bun.sleep(PAUSE_MS);
  }
}

function late(
  withinMs: number,
  outcome: { readonly found: unknown } | { readonly cause: unknown },
) {
  const { cause } = { cause: undefined, ...outcome };
  const last = "found" in outcome ? JSON.stringify(outcome.found) : String(cause);
  return new Error(`Still not so after ${withinMs} ms: ${last}`, { cause });
}
