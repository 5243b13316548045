import { join } from "node:path";
import { modules as entries } from "../../../modules/index.ts";
import { type Figure, samples } from "../figure.ts";
import { temporaryFolder } from "../folder.ts";
import { spawnShop } from "../shop.ts";
import { type SpawnedServer, spawnServer } from "../spawned.ts";
import { ledgerModule } from "../specimen/modules.ts";
import { benchBroker } from "./broker.ts";
import { nameOf, spawnInstance } from "./placed.ts";
import type { Worker } from "./worker.ts";

const ROUNDS = 5;
const IDLE_MS = 5_000;
const READY_MS_MAX = 300;
const MEGABYTES_MAX = 80;
const FAILOVER_MS_MAX = 2_000;
const ASK_AGAIN_MS = 5;
const ASK_MS = 1_000;

/** What one process of a split shop takes, and how soon a reader stands in for its owner. */
export async function instanceBench(): Promise<Figure[]> {
  return [...(await instances()), await failover()];
}

async function instances(): Promise<Figure[]> {
  using folder = temporaryFolder();
  const data = join(folder.path, "data");
  await (await spawnShop(data))[Symbol.asyncDispose]();
  const modules = await Promise.all(entries.map(async (one) => (await one.module()).default));
  await using broker = await benchBroker(data, modules);
  const names = modules.map(nameOf);
  const readyMs = new Map<string, number[]>(names.map((name) => [name, []]));
  const cpuMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      await using one = await instanceOf(name, data, broker.url);
      readyMs.get(name)?.push(one.readyMs);
      cpuMs.push(one.cpuMs());
    }
  }
  const bareMs: number[] = [];
  const bareCpuMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await using bare = await spawnServer([join(import.meta.dir, "..", "bare", "main.ts")]);
    bareMs.push(bare.readyMs);
    bareCpuMs.push(bare.cpuMs());
  }
  const megabytes = new Map<string, number>();
  for (const name of names) {
    await using one = await instanceOf(name, data, broker.url);
    await Bun.sleep(IDLE_MS);
    megabytes.set(name, one.residentMegabytes());
  }
  const medians = names.map((name) => [name, samples(readyMs.get(name) ?? []).median] as const);
  const ready = samples(medians.map(([, median]) => median));
  const memory = samples([...megabytes.values()]);
  const bare = samples(bareMs);
  return [
    {
      what: "an instance, start to ready",
      unit: "ms",
      ours: ready,
      yardstick: { name: "bare Elysia", ...bare },
      ratio: bare.median / ready.median,
      goal: `each ≤ ${READY_MS_MAX} ms`,
      met: ready.high <= READY_MS_MAX,
      beside: {
        ...Object.fromEntries(medians),
        "cpu ms": samples(cpuMs).median,
        "bare Elysia": samples(bareCpuMs).median,
      },
    },
    {
      what: "an instance, resident memory, idle",
      unit: "MB",
      ours: memory,
      yardstick: null,
      ratio: null,
      goal: `each ≤ ${MEGABYTES_MAX} MB`,
      met: memory.high <= MEGABYTES_MAX,
      beside: Object.fromEntries(megabytes),
    },
  ];
}

/** One process of the split shop, over a filled data folder. */
function instanceOf(name: string, folder: string, natsUrl: string): Promise<SpawnedServer> {
  const { pathname: main } = new URL("../../../deploy/main.ts", import.meta.url);
  const where = ["--data-dir", folder, "--log-level", "warn"];
  const which = ["--topology", "split", "--instance", name, "--nats", natsUrl];
  return spawnServer([main, "start", ...where, ...which]);
}

/** From the owner's end by `kill -9` to the first command that is answered. */
async function failover(): Promise<Figure> {
  using folder = temporaryFolder();
  await using broker = await benchBroker(folder.path, [ledgerModule]);
  await using workers = new AsyncDisposableStack();
  const over = { folder: folder.path, natsUrl: broker.url };
  const gateway = workers.use(await spawnInstance({ name: "gateway", modules: [], ...over }));
  const member = async (index: number) => {
    const placed = { name: `ledger-${index}`, modules: ["ledger"], isMember: true, ...over };
    return workers.use(await spawnInstance(placed));
  };
  let owner = await member(0);
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const reader = await member(round + 1);
    await untilBooked(gateway, `before-${round}`);
    await Bun.sleep(IDLE_MS / 5);
    const startedMs = performance.now();
    owner.signal("SIGKILL");
    await untilBooked(gateway, `after-${round}`);
    found.push(performance.now() - startedMs);
    owner = reader;
  }
  const ours = samples(found);
  return {
    what: "kill -9 of an owner to the next command answered",
    unit: "ms",
    ours,
    yardstick: null,
    ratio: null,
    goal: `≤ ${FAILOVER_MS_MAX} ms`,
    met: ours.high <= FAILOVER_MS_MAX,
    beside: {},
  };
}

async function untilBooked(gateway: Worker, key: string): Promise<void> {
  const input = { account: "acc-1", amount: 7, note: "a booking" };
  while (true) {
    const book = { procedure: "ledger.book", input, key, deadlineMs: ASK_MS };
    const isBooked = await gateway.ask(book).then(
      () => true,
      () => false,
    );
    if (isBooked) return;
    await Bun.sleep(ASK_AGAIN_MS);
  }
}
