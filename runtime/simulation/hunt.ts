import { turns } from "../testing/stillness.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";

/** What a hunt brought home. */
export interface Found {
  /** The first seed that failed. */
  readonly seed: number;
  readonly violations: readonly string[];
}

/** Runs seeds until one fails, and says which; nothing is shrunk or kept. */
export async function hunt(
  scenario: Scenario,
  { seeds, minutes }: { readonly seeds: Iterable<number>; readonly minutes: number },
): Promise<Found | undefined> {
  const images = prepared(scenario);
  for (const seed of seeds) {
    const { violations } = runSeed(scenario, { seed, minutes, images });
    if (violations.length > 0) return { seed, violations };
    // What a run left to the event loop ends before the next begins.
    await turns(1);
  }
  return undefined;
}
