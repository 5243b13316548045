import { join } from "node:path";
import { type Figure, samples } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { Api } from "./load/api.ts";
import { prepareCheckouts, type Shelves, shelvesOf } from "./load/carts.ts";
import type { PreparedRequest } from "./load/connection.ts";
import type { Fired } from "./load/fire.ts";
import { fireFromOutside } from "./load/spawned.ts";
import { interleaved } from "./rounds.ts";
import { spawnShop } from "./shop.ts";
import { type SpawnedServer, spawnServer } from "./spawned.ts";

const CLIENTS = 64;
const ORDERS = 1_500;
const LINES_MAX = 3;
const PRODUCTS = 600;
const ROUNDS = 3;
const RATE_MIN = 800;
const P99_MS_MAX = 250;
const SHARE_MIN = 0.5;

/** Checkouts to `confirmed` per second over HTTP, beside the same durable units by hand. */
export async function checkoutsBench(): Promise<Figure[]> {
  return [await checkoutsAt("warn"), await checkoutsAt("info")];
}

async function checkoutsAt(logLevel: "warn" | "info"): Promise<Figure> {
  using folder = temporaryFolder();
  using handFolder = temporaryFolder();
  await using shop = await spawnShop(join(folder.path, "data"), { logLevel });
  await using hand = await spawnPipeline(join(handFolder.path, "data"));
  const shelves = await shelvesOf(shop.origin, PRODUCTS);
  const fired: Fired[] = [];
  const shopCpu: number[] = [];
  const handCpu: number[] = [];
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    async () => {
      const one = await checkOut(shop, await preparedAt(shop, shelves));
      fired.push(one.fired);
      shopCpu.push(one.cpuMsPerOrder);
      return one.fired.ratePerSecond;
    },
    async () => {
      const one = await checkOut(hand, await preparedByHand(hand));
      if (one.fired.errors > 0) throw new Error(`The pipeline failed: ${one.fired.firstError}`);
      handCpu.push(one.cpuMsPerOrder);
      return one.fired.ratePerSecond;
    },
  );
  const counted = fired.slice(1);
  const p99Ms = samples(counted.map((one) => one.p99Ms)).median;
  const errors = fired.reduce((sum, one) => sum + one.errors, 0);
  for (const { firstError } of fired) if (firstError !== null) console.error(firstError);
  const ratio = ours.median / yardstick.median;
  return {
    what: `checkouts to confirmed, ${CLIENTS} clients, log ${logLevel}`,
    unit: "/s",
    ours,
    yardstick: { name: "by hand", ...yardstick },
    ratio,
    goal: `≥ ${RATE_MIN}/s, p99 ≤ ${P99_MS_MAX} ms, ≥ ${SHARE_MIN * 100} %, 0 errors`,
    met: ours.median >= RATE_MIN && p99Ms <= P99_MS_MAX && ratio >= SHARE_MIN && errors === 0,
    beside: {
      "p50 ms": samples(counted.map((one) => one.p50Ms)).median,
      "p99 ms": p99Ms,
      errors,
      "cpu ms an order": samples(shopCpu.slice(1)).median,
      "by hand": samples(handCpu.slice(1)).median,
      "memory after the load MB": shop.residentMegabytes(),
    },
  };
}

/** Starts the hand-written pipeline over `folder`. */
export function spawnPipeline(folder: string): Promise<SpawnedServer> {
  return spawnServer([join(import.meta.dir, "pipeline", "main.ts"), folder]);
}

/** Carts filled through the shop's API, ready to be checked out. */
export function preparedAt(
  { origin }: SpawnedServer,
  shelves: Shelves,
  count = ORDERS,
): Promise<PreparedRequest[]> {
  return prepareCheckouts(origin, shelves, { count, linesMax: LINES_MAX });
}

async function preparedByHand({ origin }: SpawnedServer): Promise<PreparedRequest[]> {
  using api = await Api.open(origin);
  return await api.ask("POST", "/prepare", { body: { count: ORDERS } });
}

/** Checks out the carts from another process, and what that took of the server's processor time. */
export async function checkOut(
  server: SpawnedServer,
  requests: readonly PreparedRequest[],
): Promise<{ readonly fired: Fired; readonly cpuMsPerOrder: number }> {
  const cpuBeforeMs = server.cpuMs();
  const fired = await fireFromOutside({
    origin: server.origin,
    clients: CLIENTS,
    requests,
    expectStatus: 201,
    expectText: '"state":"confirmed"',
  });
  return { fired, cpuMsPerOrder: (server.cpuMs() - cpuBeforeMs) / requests.length };
}
