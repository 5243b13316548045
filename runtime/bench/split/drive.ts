import { percentile } from "../figure.ts";

/** How calls went that were made as fast as they were answered. */
export interface Driven {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One call of a load that keeps to a clock. */
export interface Paced {
  /** When it was due, since the load began. */
  readonly dueMs: number;
  /** From when it was due to its answer: a stall also counts for those that had to wait. */
  readonly tookMs: number;
  readonly failed: boolean;
}

/** Makes `count` calls, `inFlight` at a time. */
export async function drive(
  { count, inFlight }: { readonly count: number; readonly inFlight: number },
  call: () => Promise<unknown>,
): Promise<Driven> {
  const tookMs = new Float64Array(count);
  let next = 0;
  async function caller(): Promise<void> {
    while (next < count) {
      const index = next++;
      const sentMs = performance.now();
      await call();
      tookMs[index] = performance.now() - sentMs;
    }
  }
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, caller));
  const perSecond = count / ((performance.now() - startedMs) / 1_000);
  const sorted = [...tookMs.sort()];
  return { perSecond, p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) };
}

/** Makes calls at a rate, whether or not those before were answered. */
export async function pace(
  { ratePerSecond, seconds }: { readonly ratePerSecond: number; readonly seconds: number },
  call: () => Promise<unknown>,
): Promise<Paced[]> {
  const startedMs = performance.now();
  const made: Promise<Paced>[] = [];
  async function one(dueMs: number): Promise<Paced> {
    const failed = await call().then(
      () => false,
      () => true,
    );
    return { dueMs, tookMs: performance.now() - startedMs - dueMs, failed };
  }
  while (made.length < ratePerSecond * seconds) {
    const nowMs = performance.now() - startedMs;
    while ((made.length * 1_000) / ratePerSecond <= nowMs) {
      made.push(one((made.length * 1_000) / ratePerSecond));
    }
    await Bun.sleep(1);
  }
  return Promise.all(made);
}
