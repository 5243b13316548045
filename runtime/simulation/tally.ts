import type { Outcome } from "./run.ts";

/** How many runs passed, how many did not, and how long it took those that passed to rest. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Whole virtual seconds from the last fault until the slowest was at rest. */
  readonly restSeconds: number;
}

export const nothing: Tally = { passed: 0, failed: 0, restSeconds: 0 };

/** What is counted of a run. */
type Ended = Pick<Outcome, "violations" | "restedAfterMs">;

/** One run, counted. */
export function tallyOf({ violations, restedAfterMs }: Ended): Tally {
  if (violations.length > 0) return { ...nothing, failed: 1 };
  return { ...nothing, passed: 1, restSeconds: Math.ceil(restedAfterMs / 1_000) };
}

/** All of them together. */
export function sumOf(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { passed, failed, restSeconds }) => ({
      passed: sum.passed + passed,
      failed: sum.failed + failed,
      restSeconds: Math.max(sum.restSeconds, restSeconds),
    }),
    nothing,
  );
}

/** The line with which a simulation ends. */
export function closingLine({ passed, failed, restSeconds }: Tally): string {
  const counts = `${passed} passed, ${failed} failed`;
  if (passed === 0) return counts;
  return `${counts}; who passed was at rest within ${restSeconds} virtual seconds`;
}

const closing = /^(\d+) passed, (\d+) failed(?:; who passed was at rest within (\d+) virtual .*)?$/;

/** What such a line says; undefined when it is another one. */
export function tallyIn(line: string): Tally | undefined {
  const [, passed, failed, restSeconds = "0"] = closing.exec(line) ?? [];
  if (passed === undefined || failed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), restSeconds: Number(restSeconds) };
}
