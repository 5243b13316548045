import type { Figure } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { interleaved } from "./rounds.ts";
import { buying } from "./specimen/contracts.ts";
import { host } from "./specimen/hosted.ts";
import { buyingModule, pricingModule } from "./specimen/modules.ts";

const CALLS = 100_000;
const ROUNDS = 7;
const MICROSECONDS_MAX = 1;
const TIMES_FASTER_MIN = 3;

/** What a call between two modules of one process costs, beside a Moleculer local call. */
export async function callsBench(): Promise<Figure[]> {
  const { moleculerCalls } = await import("./moleculer-calls.ts");
  const peer = await moleculerCalls();
  using folder = temporaryFolder();
  await using hosted = await host([pricingModule, buyingModule], folder.path);
  const microseconds = (elapsedMs: number) => (elapsedMs * 1_000) / CALLS;
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    async () => microseconds((await hosted.call(buying.askTotals, { count: CALLS })).elapsedMs),
    async () => microseconds(await peer.elapsedMs(CALLS)),
  );
  await peer.stop();
  const ratio = yardstick.median / ours.median;
  return [
    {
      what: "call between modules, order of 5 lines",
      unit: "µs",
      ours,
      yardstick: { name: "Moleculer 0.15", ...yardstick },
      ratio,
      goal: `≤ ${MICROSECONDS_MAX} µs, ≥ ${TIMES_FASTER_MIN}×`,
      met: ours.median <= MICROSECONDS_MAX && ratio >= TIMES_FASTER_MIN,
      beside: {},
    },
  ];
}
