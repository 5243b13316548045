import { type Figure, percentile, samples } from "../figure.ts";
import { temporaryFolder } from "../folder.ts";
import { pricingModule } from "../specimen/modules.ts";
import { benchBroker } from "./broker.ts";
import type { Paced } from "./drive.ts";
import { askingModule, bareModules } from "./modules.ts";
import { spawnBare, spawnInstance } from "./placed.ts";
import type { Worker } from "./worker.ts";

const ROUNDS = 3;
const DELAY_MS = 40;
const P99_MS_MAX = 10;
const RATE = 250;
const LOAD = { ratePerSecond: RATE, seconds: 6 };
/** What is asked before anything is known of who is slow, and while it is found out. */
const LEARNING_MS = 1_000;
const STOP_AFTER_MS = 1_000;
const NOTICED_WITHIN_MS = 2_000;

interface Trio {
  readonly all: readonly Worker[];
  ask(): Promise<Paced[]>;
}

/** Three instances of which one is slow or stands still, beside a queue group with the same. */
export async function balanceBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  const modules = [pricingModule, askingModule, ...bareModules];
  await using broker = await benchBroker(folder.path, modules);
  await using workers = new AsyncDisposableStack();
  const over = { folder: folder.path, natsUrl: broker.url };
  const ours = await trioOf(over, workers);
  const bare = await bareTrioOf(over, workers);
  return [await slowOne(ours, bare), await stoppedOne(ours, bare)];
}

type Over = { readonly folder: string; readonly natsUrl: string };

/** Three instances over one database; the last one is slow. */
async function trioOf(over: Over, workers: AsyncDisposableStack): Promise<Trio> {
  const all: Worker[] = [];
  for (const [index, name] of ["pricing", "pricing-2", "pricing-3"].entries()) {
    const placed = { name, modules: ["pricing"], isMember: true, ...over };
    all.push(workers.use(await spawnInstance({ ...placed, delayMs: index < 2 ? 0 : DELAY_MS })));
  }
  const asking = { name: "asking", modules: ["asking"], ...over };
  const caller = workers.use(await spawnInstance(asking));
  return { all, ask: () => caller.ask({ procedure: "asking.askAtRate", input: LOAD }) };
}

async function bareTrioOf(over: Over, workers: AsyncDisposableStack): Promise<Trio> {
  const all: Worker[] = [];
  for (const delayMs of [0, 0, DELAY_MS]) {
    all.push(workers.use(await spawnBare({ side: "pricing", delayMs, ...over })));
  }
  const caller = workers.use(await spawnBare({ side: "asking", ...over }));
  return { all, ask: () => caller.ask(LOAD) };
}

async function slowOne(ours: Trio, bare: Trio): Promise<Figure> {
  const p99 = async ({ ask }: Trio) => {
    const learnt = (await ask()).filter(({ dueMs }) => dueMs > LEARNING_MS);
    const sorted = learnt.map(({ tookMs }) => tookMs).sort((one, other) => one - other);
    return percentile(sorted, 0.99);
  };
  const { mine, theirs } = await inTurn(
    () => p99(ours),
    () => p99(bare),
  );
  return {
    what: `p99 with one of three slow (${DELAY_MS} ms), ${RATE}/s`,
    unit: "ms",
    ours: mine,
    yardstick: { name: "queue group", ...theirs },
    ratio: theirs.median / mine.median,
    goal: `≤ ${P99_MS_MAX} ms`,
    met: mine.median <= P99_MS_MAX,
    beside: {},
  };
}

async function stoppedOne(ours: Trio, bare: Trio): Promise<Figure> {
  const early: number[] = [];
  const late = async ({ all: [first], ask }: Trio, note: number[]) => {
    const asked = ask();
    await Bun.sleep(STOP_AFTER_MS);
    first?.signal("SIGSTOP");
    const paced = await asked;
    first?.signal("SIGCONT");
    await Bun.sleep(NOTICED_WITHIN_MS);
    const failed = paced.filter((one) => one.failed);
    const since = (dueMs: number) => dueMs - STOP_AFTER_MS;
    note.push(failed.filter(({ dueMs }) => since(dueMs) <= NOTICED_WITHIN_MS).length);
    return failed.filter(({ dueMs }) => since(dueMs) > NOTICED_WITHIN_MS).length;
  };
  const { mine, theirs } = await inTurn(
    () => late(ours, early),
    () => late(bare, []),
  );
  return {
    what: `failed requests from 2 s after one of three was stopped, ${RATE}/s`,
    unit: "",
    ours: mine,
    yardstick: { name: "queue group", ...theirs },
    ratio: null,
    goal: "0",
    met: mine.high === 0,
    beside: { "failed in the first 2 s": samples(early).median },
  };
}

async function inTurn(ours: () => Promise<number>, theirs: () => Promise<number>) {
  const mine: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    mine.push(await ours());
    other.push(await theirs());
  }
  return { mine: samples(mine), theirs: samples(other) };
}
