import { join } from "node:path";
import { checkOut, preparedAt } from "./checkouts.bench.ts";
import { type Figure, samples } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { prepareCheckouts, type Shelves, shelvesOf } from "./load/carts.ts";
import { interleaved } from "./rounds.ts";
import { spawnShop } from "./shop.ts";
import type { SpawnedServer } from "./spawned.ts";

const FEW = 1_000;
const MANY = 200_000;
const BATCH = 2_000;
const ROUNDS = 6;
const LOSS_MAX = 0.1;
const ALL_PRODUCTS = 100_000;

/**
 * The rate of checkouts in a shop with many orders stored, beside that of one with few, in turn. It
 * takes long.
 */
export async function flatBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  await using full = await FilledShop.open(join(folder.path, "many"), MANY);
  await using fresh = await FilledShop.open(join(folder.path, "few"), FEW);
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    () => full.rate(),
    () => fresh.rate(),
  );
  const ratio = ours.median / yardstick.median;
  return [
    {
      what: `checkouts with ${MANY.toLocaleString("en")} orders stored`,
      unit: "/s",
      ours,
      yardstick: { name: `with ${FEW.toLocaleString("en")}`, ...yardstick },
      ratio,
      goal: `≤ ${LOSS_MAX * 100} % loss`,
      met: ratio >= 1 - LOSS_MAX,
      beside: {
        "cpu ms an order": full.cpuMsPerOrder(),
        "cpu ms an order with few": fresh.cpuMsPerOrder(),
        "memory MB": full.shop.residentMegabytes(),
        "memory MB with few": fresh.shop.residentMegabytes(),
      },
    },
  ];
}

/** A shop with that many orders, at work. */
class FilledShop implements AsyncDisposable {
  readonly shop: SpawnedServer;
  readonly #shelves: Shelves;
  readonly #cpuMs: number[] = [];

  private constructor(shop: SpawnedServer, shelves: Shelves) {
    this.shop = shop;
    this.#shelves = shelves;
  }

  static async open(folder: string, orders: number): Promise<FilledShop> {
    const shop = await spawnShop(folder);
    const shelves = await shelvesOf(shop.origin, ALL_PRODUCTS);
    await fill(shop, shelves, orders);
    await readAll(folder);
    return new FilledShop(shop, shelves);
  }

  async rate(): Promise<number> {
    const requests = await preparedAt(this.shop, this.#shelves);
    const { fired, cpuMsPerOrder } = await checkOut(this.shop, requests);
    if (fired.errors > 0) throw new Error(`A checkout failed: ${fired.firstError}`);
    this.#cpuMs.push(cpuMsPerOrder);
    return fired.ratePerSecond;
  }

  cpuMsPerOrder(): number {
    return samples(this.#cpuMs.slice(1)).median;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shop[Symbol.asyncDispose]() as Promise<void>;
  }
}

/**
 * Has the system keep the folder's files in memory: else what is measured with many orders is the
 * disk, from which pages of indexes come back that were dropped meanwhile.
 */
async function readAll(folder: string): Promise<void> {
  for (const file of new Bun.Glob("*.db").scanSync({ cwd: folder, absolute: true })) {
    for await (const _ of Bun.file(file).stream());
  }
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
