/** The samples of one side over all rounds. */
export interface Samples {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One line of the report: a figure of ours beside its yardstick, and whether the goal is met. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly ours: Samples;
  readonly yardstick: ({ readonly name: string } & Samples) | null;
  /** How many times better ours is than the yardstick; below 1 it is worse. */
  readonly ratio: number | null;
  readonly goal: string;
  readonly met: boolean;
  /** Figures that were taken beside, such as percentiles and errors. */
  readonly beside: { readonly [name: string]: number };
  /** The same with all modules in one process, for what is measured split. */
  readonly oneProcess?: Samples;
}

/** The median, the lowest and the highest of some samples. */
export function samples(values: readonly number[]): Samples {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), low: sorted[0] ?? 0, high: sorted.at(-1) ?? 0 };
}

/** The value below which the given share of sorted values lies. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** How many times as fast as the other a rate is. */
export function timesFaster(ours: Samples, other: Samples): number {
  return other.median === 0 ? 0 : ours.median / other.median;
}
