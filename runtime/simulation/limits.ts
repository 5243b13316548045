/** The last seed: a run draws from 32 bits, so that one beyond would have the run of another. */
export const SEED_MAX = 4_294_967_295;
/** The most seeds that are asked for at once. */
export const SEEDS_MAX = 10_000_000;
/** The most processes that seeds are shared among. */
export const JOBS_MAX = 256;
/** The longest run, in virtual minutes: a week. */
export const MINUTES_MAX = 10_080;
