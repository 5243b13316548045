import { type Figure, samples } from "./figure.ts";

const ROUNDS = 3;
/** The first seeds of a process take longer, until its code is compiled. */
const WARM_UP = 60;
const SEEDS = 150;
const A_MINUTE_MIN = 600;
const MEGABYTES_MORE_MAX = 40;

interface Hunt {
  readonly ms: number;
  readonly megabytes: number;
}

/**
 * How many seeds of the simulated shop one process runs a minute, with all faults: 20 buyers over
 * ten virtual minutes each. There is nothing to measure it against.
 */
export async function seedsBench(): Promise<Figure[]> {
  const aMinute: number[] = [];
  const megabytes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const first = await hunt(WARM_UP);
    const all = await hunt(WARM_UP + SEEDS);
    aMinute.push((SEEDS * 60_000) / (all.ms - first.ms));
    megabytes.push(all.megabytes - first.megabytes);
  }
  const ours = samples(aMinute);
  const more = samples(megabytes);
  const shared = { yardstick: null, ratio: null, beside: {} };
  return [
    {
      what: "seeds of the simulated shop, one process",
      unit: "/min",
      ours,
      goal: `≥ ${A_MINUTE_MIN}/min`,
      met: ours.median >= A_MINUTE_MIN,
      ...shared,
    },
    {
      what: `memory that ${SEEDS} seeds more take`,
      unit: "MB",
      ours: more,
      goal: `≤ ${MEGABYTES_MORE_MAX} MB`,
      met: more.median <= MEGABYTES_MORE_MAX,
      ...shared,
    },
  ];
}

async function hunt(seeds: number): Promise<Hunt> {
  const { pathname: main } = new URL("../../deploy/main.ts", import.meta.url);
  const startedMs = performance.now();
  const words = ["simulate", "--seeds", String(seeds), "--from", "1000"];
  const child = Bun.spawn([process.execPath, main, ...words], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const told = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${words.join(" ")} failed:\n${told}`);
  // It counts the job that ran them as well, which that process has waited for.
  const { maxRSS = 0 } = child.resourceUsage() ?? {};
  return { ms: performance.now() - startedMs, megabytes: maxRSS / 1024 ** 2 };
}
