// bun run bench [names…] [--json FILE]: every figure beside its yardstick, from the same run.
import { cpus } from "node:os";
import { callsBench } from "./calls.bench.ts";
import { catalogueBench } from "./catalogue.bench.ts";
import { checkoutsBench } from "./checkouts.bench.ts";
import { commandsBench } from "./commands.bench.ts";
import type { Figure } from "./figure.ts";
import { flatBench } from "./flat.bench.ts";
import { installPeers } from "./peers.ts";
import { seedsBench } from "./seeds.bench.ts";
import { balanceBench } from "./split/balance.bench.ts";
import { natsCallsBench } from "./split/calls.bench.ts";
import { splitCheckoutsBench } from "./split/checkouts.bench.ts";
import { natsEventsBench } from "./split/events.bench.ts";
import { instanceBench } from "./split/instance.bench.ts";
import { startBench } from "./start.bench.ts";
import { splitTable, table } from "./table.ts";

const benches = new Map<string, () => Promise<Figure[]>>([
  ["calls", callsBench],
  ["commands", commandsBench],
  ["checkouts", checkoutsBench],
  ["catalogue", catalogueBench],
  ["start", startBench],
  ["nats-calls", natsCallsBench],
  ["nats-events", natsEventsBench],
  ["split-checkouts", splitCheckoutsBench],
  ["balance", balanceBench],
  ["instance", instanceBench],
  ["seeds", seedsBench],
  ["flat", flatBench],
]);
/** Takes many minutes, so it runs only when it is named. */
const ONLY_BY_NAME = "flat";

function readArguments(args: readonly string[]) {
  const names = [...args];
  const at = names.indexOf("--json");
  const [, file = "bench.json"] = at === -1 ? [] : names.splice(at, 2);
  const unknown = names.filter((name) => !benches.has(name));
  if (unknown.length > 0) {
    const known = [...benches.keys()].join(", ");
    throw new Error(`There is no benchmark called ${unknown.join(", ")}. There are: ${known}.`);
  }
  const all = [...benches.keys()].filter((name) => name !== ONLY_BY_NAME);
  return { names: names.length === 0 ? all : names, file: at === -1 ? undefined : file };
}

async function run(names: readonly string[]): Promise<Figure[]> {
  installPeers();
  const figures: Figure[] = [];
  for (const name of names) {
    console.error(`measuring ${name} …`);
    figures.push(...((await benches.get(name)?.()) ?? []));
  }
  return figures;
}

const { names, file } = readArguments(process.argv.slice(2));
const startedAt = new Date().toISOString();
const figures = await run(names);
console.log(table(figures));
console.log(splitTable(figures));
const report = { startedAt, bun: Bun.version, processors: cpus().length, figures };
await Bun.write(file ?? `${import.meta.dir}/results.json`, `${JSON.stringify(report, null, 2)}\n`);
process.exit(0);
