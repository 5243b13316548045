import { join } from "node:path";
import { checkOut, preparedAt } from "../checkouts.bench.ts";
import { type Figure, samples } from "../figure.ts";
import { temporaryFolder } from "../folder.ts";
import { type Shelves, shelvesOf } from "../load/carts.ts";
import { fireFromOutside } from "../load/spawned.ts";
import { interleaved } from "../rounds.ts";
import { spawnShop } from "../shop.ts";
import type { SpawnedServer } from "../spawned.ts";

const PRODUCTS = 2_000;
const ORDERS = 500;
const HALF_ORDERS = 400;
const ROUNDS = 5;
const SHARE_MIN = 0.4;
const P99_MS_MAX = 500;
const IDLE_MS = 5_000;
const CONNECTIONS = 256;

/** Checkouts in the shop split into a process for each module, beside the same in one. */
export async function splitCheckoutsBench(): Promise<Figure[]> {
  using oneFolder = temporaryFolder();
  using splitFolder = temporaryFolder();
  await using one = await Shop.open(join(oneFolder.path, "data"), "monolith");
  await using split = await Shop.open(join(splitFolder.path, "data"), "split");
  const rates = await interleaved(
    ROUNDS,
    () => split.rate(),
    () => one.rate(),
  );
  const half = Math.floor(rates.ours.median / 2);
  const ratio = rates.ours.median / rates.yardstick.median;
  const p99 = await halfLoad(split, half);
  const oneP99 = await halfLoad(one, Math.floor(rates.yardstick.median / 2));
  return [
    {
      what: "checkouts to confirmed, split",
      unit: "/s",
      ours: rates.ours,
      yardstick: { name: "one process", ...rates.yardstick },
      ratio,
      goal: `≥ ${SHARE_MIN * 100} %`,
      met: ratio >= SHARE_MIN,
      beside: { "cpu ms an order": split.cpuMsPerOrder(), "in one": one.cpuMsPerOrder() },
      oneProcess: rates.yardstick,
    },
    {
      what: "p99 of a checkout at half of its load",
      unit: "ms",
      ours: p99,
      yardstick: null,
      ratio: null,
      goal: `≤ ${P99_MS_MAX} ms`,
      met: p99.median <= P99_MS_MAX,
      beside: { "checkouts a second": half },
      oneProcess: oneP99,
    },
    whole("start to ready, filled data folder", "ms", [split.readyMs, one.readyMs]),
    whole("resident memory, all processes, idle", "MB", [split.idleMegabytes, one.idleMegabytes]),
  ];
}

/** What has no goal and no yardstick but the other topology. */
function whole(what: string, unit: string, [split, one]: readonly [number, number]): Figure {
  return {
    what,
    unit,
    ours: samples([split]),
    yardstick: null,
    ratio: null,
    goal: "",
    met: true,
    beside: {},
    oneProcess: samples([one]),
  };
}

async function halfLoad(shop: Shop, ratePerSecond: number) {
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round++) found.push(await shop.p99Ms(ratePerSecond));
  return samples(found);
}

/** The demo shop in a topology, at work. */
class Shop implements AsyncDisposable {
  readonly #server: SpawnedServer;
  readonly #shelves: Shelves;
  readonly #cpuMs: number[] = [];
  readonly readyMs: number;
  readonly idleMegabytes: number;

  private constructor(server: SpawnedServer, shelves: Shelves, idleMegabytes: number) {
    this.#server = server;
    this.#shelves = shelves;
    this.readyMs = server.readyMs;
    this.idleMegabytes = idleMegabytes;
  }

  /** Fills the folder by a first start; the second one is what is measured. */
  static async open(folder: string, topology: string): Promise<Shop> {
    await (await spawnShop(folder, { topology }))[Symbol.asyncDispose]();
    const server = await spawnShop(folder, { topology });
    await Bun.sleep(IDLE_MS);
    const idleMegabytes = server.residentMegabytes();
    return new Shop(server, await shelvesOf(server.origin, PRODUCTS), idleMegabytes);
  }

  async rate(): Promise<number> {
    const requests = await preparedAt(this.#server, this.#shelves, ORDERS);
    const { fired, cpuMsPerOrder } = await checkOut(this.#server, requests);
    if (fired.errors > 0) throw new Error(`A checkout failed: ${fired.firstError}`);
    this.#cpuMs.push(cpuMsPerOrder);
    return fired.ratePerSecond;
  }

  /** The latency of checkouts that come at a rate. */
  async p99Ms(ratePerSecond: number): Promise<number> {
    const { p99Ms, errors, firstError } = await fireFromOutside({
      origin: this.#server.origin,
      clients: CONNECTIONS,
      ratePerSecond,
      requests: await preparedAt(this.#server, this.#shelves, HALF_ORDERS),
      expectStatus: 201,
      expectText: '"state":"confirmed"',
    });
    if (errors > 0) throw new Error(`A checkout failed: ${firstError}`);
    return p99Ms;
  }

  cpuMsPerOrder(): number {
    return samples(this.#cpuMs.slice(1)).median;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]() as Promise<void>;
  }
}
