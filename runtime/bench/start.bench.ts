import { join } from "node:path";
import { type Figure, samples } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { interleaved } from "./rounds.ts";
import { spawnShop } from "./shop.ts";
import { type SpawnedServer, spawnServer } from "./spawned.ts";

const ROUNDS = 5;
const IDLE_MS = 5_000;
const READY_MS_MAX = 400;
const IDLE_MEGABYTES_MAX = 130;

/** Start to ready on a filled data folder and memory when idle, beside a bare Elysia. */
export async function startBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  const data = join(folder.path, "data");
  const shop = () => spawnShop(data);
  const bare = () => spawnServer([join(import.meta.dir, "bare", "main.ts")]);
  await (await shop())[Symbol.asyncDispose]();
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    () => readyMs(shop),
    () => readyMs(bare),
  );
  const memory = samples([await idleMegabytes(shop)]);
  const bareMemory = samples([await idleMegabytes(bare)]);
  return [
    {
      what: "start to ready, filled data folder",
      unit: "ms",
      ours,
      yardstick: { name: "bare Elysia", ...yardstick },
      ratio: yardstick.median / ours.median,
      goal: `≤ ${READY_MS_MAX} ms`,
      met: ours.median <= READY_MS_MAX,
      beside: {},
    },
    {
      what: "resident memory, idle",
      unit: "MB",
      ours: memory,
      yardstick: { name: "bare Elysia", ...bareMemory },
      ratio: bareMemory.median / memory.median,
      goal: `≤ ${IDLE_MEGABYTES_MAX} MB`,
      met: memory.median <= IDLE_MEGABYTES_MAX,
      beside: {},
    },
  ];
}

async function readyMs(start: () => Promise<SpawnedServer>): Promise<number> {
  await using server = await start();
  return server.readyMs;
}

async function idleMegabytes(start: () => Promise<SpawnedServer>): Promise<number> {
  await using server = await start();
  await Bun.sleep(IDLE_MS);
  return server.residentMegabytes();
}
