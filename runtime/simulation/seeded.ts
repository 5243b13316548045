/** A seeded source of randomness. */
export interface Seeded {
  /** What it began with. */
  readonly root: number;
  /** A number in [0, 1). */
  next(): number;
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  /** A number between two. */
  between(least: number, most: number): number;
  /** A source of its own for a part, which draws nothing from this one. */
  fork(part: string): Seeded;
}

/**
 * Makes a source from a seed. What is forked from it by name depends on the seed and the name
 * alone, so that a draw more in one part changes nothing in another.
 */
export function seeded(seed: number): Seeded {
  let state = seed >>> 0;
  // Mulberry32, by Tommy Ettinger, public domain.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    root: seed >>> 0,
    next,
    below: (count) => Math.floor(next() * count),
    between: (least, most) => least + next() * (most - least),
    fork: (part) => seeded(Bun.hash.xxHash32(part, seed >>> 0)),
  };
}
