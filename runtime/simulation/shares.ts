import type { Arguments } from "./arguments.ts";

/** The seeds of one job. */
export type Share = Pick<Arguments, "from" | "seeds">;

/** Shares seeds among jobs; there are fewer shares than jobs when some would be empty. */
export function sharesOf({ jobs, seeds, from }: Share & Pick<Arguments, "jobs">): Share[] {
  const each = Math.ceil(seeds / jobs);
  const shares: Share[] = [];
  for (let first = 0; first < seeds; first += each) {
    shares.push({ from: from + first, seeds: Math.min(each, seeds - first) });
  }
  return shares;
}
