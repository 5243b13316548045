import { type Figure, samples } from "../figure.ts";
import { temporaryFolder } from "../folder.ts";
import { interleaved } from "../rounds.ts";
import { pricingModule } from "../specimen/modules.ts";
import { benchBroker } from "./broker.ts";
import type { Driven } from "./drive.ts";
import { askingModule, bareModules } from "./modules.ts";
import { spawnBare, spawnInstance } from "./placed.ts";
import type { Worker } from "./worker.ts";

/** Short and many: what else the machine does then falls on both sides alike. */
const ROUNDS = 15;
const MANY = { count: 5_000, inFlight: 64 };
const ONE = { count: 500, inFlight: 1 };
const IN_ONE_PROCESS = { many: { ...MANY, count: 100_000 }, one: { ...ONE, count: 100_000 } };
const SHARE_MIN = 0.85;
const TIMES_MAX = 1.25;

type Load = typeof MANY;
type Side = (load: Load) => Promise<Driven>;

/** Calls between two processes over NATS, beside the same payload by the client's `request`. */
export async function natsCallsBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  const about = { folder: folder.path };
  const modules = [pricingModule, askingModule, ...bareModules];
  await using broker = await benchBroker(folder.path, modules);
  const over = { ...about, natsUrl: broker.url };
  await using pricing = await spawnInstance({ name: "pricing", modules: ["pricing"], ...over });
  await using asking = await spawnInstance({ name: "asking", modules: ["asking"], ...over });
  await using barePricing = await spawnBare({ side: "pricing", ...over });
  await using bareAsking = await spawnBare({ side: "asking", ...over });
  await Promise.all([pricing.pid, barePricing.ask({})]);
  const split: Side = (load) => driven(asking, load);
  const bare: Side = (load) => bareAsking.ask<Driven>(load);
  const rate = await rounds(MANY, { split, bare });
  const calls = MANY.count * (ROUNDS + 1);
  const cpu = (workers: Worker[]) =>
    (workers.reduce((sum, one) => sum + one.cpuMs(), 0) * 1_000) / calls;
  const cpuOurs = cpu([asking, pricing]);
  const cpuBare = cpu([bareAsking, barePricing]);
  const alone = await rounds(ONE, { split, bare });
  await using whole = await spawnInstance({
    name: "whole",
    modules: ["pricing", "asking"],
    folder: `${folder.path}/whole`,
  });
  const { many, one } = IN_ONE_PROCESS;
  const wholeMany = await repeated(() => driven(whole, many));
  const wholeOne = await repeated(() => driven(whole, one));
  const share = rate.ours.median / rate.yardstick.median;
  const times = alone.ours.median / alone.yardstick.median;
  return [
    {
      what: `calls over NATS, ${MANY.inFlight} in flight`,
      unit: "/s",
      ours: rate.ours,
      yardstick: { name: "bare request", ...rate.yardstick },
      ratio: share,
      goal: `≥ ${SHARE_MIN * 100} %`,
      met: share >= SHARE_MIN,
      beside: { "cpu µs a call": cpuOurs, "bare request": cpuBare },
      oneProcess: samples(wholeMany.map(({ perSecond }) => perSecond)),
    },
    {
      what: "p50 of a call over NATS, one at a time",
      unit: "ms",
      ours: alone.ours,
      yardstick: { name: "bare request", ...alone.yardstick },
      ratio: 1 / times,
      goal: `≤ ${TIMES_MAX}× the time`,
      met: times <= TIMES_MAX,
      beside: {},
      oneProcess: samples(wholeOne.map(({ perSecond }) => 1_000 / perSecond)),
    },
  ];
}

function driven(asking: Worker, input: Load): Promise<Driven> {
  return asking.ask<Driven>({ procedure: "asking.askMany", input });
}

function rounds(load: Load, { split, bare }: { readonly split: Side; readonly bare: Side }) {
  const of = (one: Driven) => (load.inFlight === 1 ? one.p50Ms : one.perSecond);
  return interleaved(
    ROUNDS,
    async () => of(await split(load)),
    async () => of(await bare(load)),
  );
}

async function repeated(measure: () => Promise<Driven>): Promise<Driven[]> {
  const found: Driven[] = [];
  for (let round = 0; round <= ROUNDS; round++) found.push(await measure());
  return found.slice(1);
}
