/** A seed with which something did not hold. */
export interface Failure {
  readonly seed: number;
  /** How long faults happened, in virtual minutes. */
  readonly minutes: number;
  /** What did not hold, a sentence each. */
  readonly violations: readonly string[];
  /** The faults without which everything would have held, as far as could be found out. */
  readonly faults: readonly string[];
  /**
   * What happened to what the violations name, a line a step: to clients and to ids, as `newId`
   * makes them or such as `sale_7`; or to all when they name none. Of a long one the beginning and
   * the end.
   */
  readonly story: readonly string[];
  /** Whether its least faults and its story were looked for: those of the first five are. */
  readonly isExplained: boolean;
  /** Why the seed could not be kept though it was to be. */
  readonly unkept?: string;
}
