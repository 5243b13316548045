import { type Samples, samples } from "./figure.ts";

/** Measures one side once. */
export type Measure = () => Promise<number>;

/**
 * Measures two sides in turn and swaps who goes first in every round, so that a machine that slows
 * down or warms up favours neither. Before the first round each side runs once, uncounted.
 */
export async function interleaved(
  rounds: number,
  ours: Measure,
  yardstick: Measure,
): Promise<{ readonly ours: Samples; readonly yardstick: Samples }> {
  const mine: number[] = [];
  const theirs: number[] = [];
  await yardstick();
  await ours();
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) mine.push(await ours());
    theirs.push(await yardstick());
    if (round % 2 === 1) mine.push(await ours());
  }
  return { ours: samples(mine), yardstick: samples(theirs) };
}
