import { join } from "node:path";
import { checkOut, preparedAt } from "./checkouts.bench.ts";
import { type Figure, type Samples, samples } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { prepareCheckouts, type Shelves, shelvesOf } from "./load/carts.ts";
import { spawnShop } from "./shop.ts";
import type { SpawnedServer } from "./spawned.ts";

const FEW = 1_000;
const MANY = 200_000;
const BATCH = 2_000;
const ROUNDS = 3;
const LOSS_MAX = 0.1;
const ALL_PRODUCTS = 100_000;

/** The rate of checkouts with many orders stored, beside that with few. It takes long. */
export async function flatBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  await using shop = await spawnShop(join(folder.path, "data"));
  const shelves = await shelvesOf(shop.origin, ALL_PRODUCTS);
  await fill(shop, shelves, FEW);
  const few = await rate(shop, shelves);
  await fill(shop, shelves, MANY);
  const many = await rate(shop, shelves);
  const ratio = many.median / few.median;
  return [
    {
      what: `checkouts with ${MANY.toLocaleString("en")} orders stored`,
      unit: "/s",
      ours: many,
      yardstick: { name: `with ${FEW.toLocaleString("en")}`, ...few },
      ratio,
      goal: `≤ ${LOSS_MAX * 100} % loss`,
      met: ratio >= 1 - LOSS_MAX,
      beside: { "memory MB": shop.residentMegabytes() },
    },
  ];
}

async function rate(shop: SpawnedServer, shelves: Shelves): Promise<Samples> {
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { fired } = await checkOut(shop, await preparedAt(shop, shelves));
    if (fired.errors > 0) throw new Error(`A checkout failed: ${fired.firstError}`);
    rates.push(fired.ratePerSecond);
  }
  return samples(rates);
}

async function fill(shop: SpawnedServer, shelves: Shelves, orders: number): Promise<void> {
  for (let made = 0; made < orders; made += BATCH) {
    const carts = { count: Math.min(BATCH, orders - made), linesMax: 1 };
    const { fired } = await checkOut(shop, await prepareCheckouts(shop.origin, shelves, carts));
    if (fired.errors > 0) throw new Error(`A checkout failed: ${fired.firstError}`);
    if (made % (BATCH * 10) === 0) {
      console.error(`${made} of ${orders} orders, ${Math.round(fired.ratePerSecond)}/s`);
    }
  }
}
