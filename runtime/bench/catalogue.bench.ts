import { join } from "node:path";
import { type Figure, samples } from "./figure.ts";
import { temporaryFolder } from "./folder.ts";
import { overConnections } from "./load/api.ts";
import { productPaths, searchPaths } from "./load/browsing.ts";
import type { PreparedRequest } from "./load/connection.ts";
import { fireFromOutside } from "./load/spawned.ts";
import { interleaved } from "./rounds.ts";
import { spawnShop } from "./shop.ts";
import { type SpawnedServer, spawnServer } from "./spawned.ts";

const CLIENTS = 32;
const PATHS = 600;
const ROUNDS = 3;

interface Kind {
  readonly what: string;
  readonly paths: readonly string[];
  readonly requests: number;
  readonly shareMin: number;
  /** Whether some paths are asked for far more often than others, as people do. */
  readonly repeated: boolean;
}

/** Reading the catalogue over HTTP, beside a bare route that answers with the same bytes. */
export async function catalogueBench(): Promise<Figure[]> {
  const pages = productPaths(PATHS);
  const searches = searchPaths(PATHS);
  const kinds: Kind[] = [
    { what: "GET product by slug", paths: pages, requests: 20_000, shareMin: 0.6, repeated: true },
    { what: "GET search", paths: searches, requests: 8_000, shareMin: 0.15, repeated: true },
    {
      what: "GET search, all in turn",
      paths: searches,
      requests: 3_000,
      shareMin: 0.15,
      repeated: false,
    },
  ];
  using folder = temporaryFolder();
  await using shop = await spawnShop(join(folder.path, "data"));
  const file = join(folder.path, "answers.json");
  await Bun.write(file, JSON.stringify(await answersOf(shop.origin, kinds)));
  await using bare = await spawnServer([join(import.meta.dir, "bare", "main.ts"), file]);
  const figures: Figure[] = [];
  for (const kind of kinds) figures.push(await figureOf(kind, shop, bare));
  return figures;
}

async function answersOf(origin: string, kinds: readonly Kind[]): Promise<Record<string, string>> {
  const paths = kinds.flatMap((kind) => kind.paths);
  const answers = await overConnections(
    origin,
    { count: paths.length, clients: CLIENTS },
    async (api, index) => JSON.stringify(await api.ask("GET", paths[index] ?? "")),
  );
  return Object.fromEntries(paths.map((path, index) => [path, answers[index] ?? ""]));
}

async function figureOf(kind: Kind, shop: SpawnedServer, bare: SpawnedServer): Promise<Figure> {
  const { what, shareMin } = kind;
  const requests = requestsOf(kind);
  const cpu = { shop: [] as number[], bare: [] as number[] };
  const latencies: number[] = [];
  const { ours, yardstick } = await interleaved(
    ROUNDS,
    async () => {
      const one = await read(shop, requests);
      cpu.shop.push(one.cpuMicroseconds);
      latencies.push(one.p99Ms);
      return one.rate;
    },
    async () => {
      const one = await read(bare, requests);
      cpu.bare.push(one.cpuMicroseconds);
      return one.rate;
    },
  );
  const cpuShop = samples(cpu.shop.slice(1)).median;
  const cpuBare = samples(cpu.bare.slice(1)).median;
  const ratio = ours.median / yardstick.median;
  return {
    what,
    unit: "/s",
    ours,
    yardstick: { name: "bare Elysia", ...yardstick },
    ratio,
    goal: `≥ ${shareMin * 100} %`,
    met: ratio >= shareMin,
    beside: {
      "p99 ms": samples(latencies.slice(1)).median,
      "cpu µs a request": cpuShop,
      bare: cpuBare,
      "bare as a share of ours": cpuBare / cpuShop,
    },
  };
}

function requestsOf({ paths, requests, repeated }: Kind): PreparedRequest[] {
  return Array.from({ length: requests }, (_, index) => {
    const at = repeated ? oftenFirst(index, paths.length) : (index * 31) % paths.length;
    return { method: "GET", path: paths[at] ?? "", headers: {}, body: null };
  });
}

/** Zipf's law: the second is asked for half as often as the first, the third a third as often. */
function oftenFirst(index: number, count: number): number {
  const share = (index * 0.618_033_988_749_895) % 1;
  return Math.min(count - 1, Math.floor((count + 1) ** share) - 1);
}

async function read(server: SpawnedServer, requests: readonly PreparedRequest[]) {
  const cpuBeforeMs = server.cpuMs();
  const { origin } = server;
  const load = { origin, clients: CLIENTS, requests, expectStatus: 200, expectText: "{" };
  const { ratePerSecond: rate, p99Ms, errors, firstError } = await fireFromOutside(load);
  if (errors > 0) throw new Error(`${errors} of ${requests.length} failed: ${firstError}`);
  return {
    rate,
    p99Ms,
    cpuMicroseconds: ((server.cpuMs() - cpuBeforeMs) * 1_000) / requests.length,
  };
}
