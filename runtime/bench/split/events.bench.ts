import { type Figure, samples } from "../figure.ts";
import { temporaryFolder } from "../folder.ts";
import { interleaved } from "../rounds.ts";
import { benchBroker } from "./broker.ts";
import { bareModules, hearingModule, tellingModule } from "./modules.ts";
import { spawnBare, spawnInstance } from "./placed.ts";
import type { Worker } from "./worker.ts";

const ROUNDS = 5;
const EVENTS = { count: 10_000, aTime: 200 };
const RATE_MIN = 8_000;

/**
 * Events per second from their commit in one process to the commit of their effect in another,
 * while more of them are being committed, beside the same over JetStream by hand.
 */
export async function natsEventsBench(): Promise<Figure[]> {
  using folder = temporaryFolder();
  const modules = [tellingModule, hearingModule, ...bareModules];
  await using broker = await benchBroker(folder.path, modules);
  const over = { folder: folder.path, natsUrl: broker.url };
  await using telling = await spawnInstance({ name: "telling", modules: ["telling"], ...over });
  await using hearing = await spawnInstance({ name: "hearing", modules: ["hearing"], ...over });
  await using bareTelling = await spawnBare({ side: "telling", ...over });
  await using bareHearing = await spawnBare({ side: "hearing", ...over });
  const ours = new Events({
    tell: () => telling.ask({ procedure: "telling.tellMany", input: EVENTS }),
    heard: (count) => hearing.ask({ procedure: "hearing.heard", input: { count } }),
  });
  const bare = new Events({
    tell: () => bareTelling.ask(EVENTS),
    heard: (count) => bareHearing.ask({ count }),
  });
  const rates = await interleaved(
    ROUNDS,
    () => ours.rate(),
    () => bare.rate(),
  );
  const cpu = (workers: readonly Worker[]) =>
    (workers.reduce((sum, one) => sum + one.cpuMs(), 0) * 1_000) / (EVENTS.count * (ROUNDS + 1));
  return [
    {
      what: "events, from commit to effect elsewhere",
      unit: "/s",
      ours: rates.ours,
      yardstick: { name: "by hand", ...rates.yardstick },
      ratio: rates.ours.median / rates.yardstick.median,
      goal: `≥ ${RATE_MIN.toLocaleString("en")}/s`,
      met: rates.ours.median >= RATE_MIN,
      beside: {
        "cpu µs an event where it is told": cpu([telling]),
        "where it is heard": cpu([hearing]),
        "told by hand": cpu([bareTelling]),
        "heard by hand": cpu([bareHearing]),
      },
      oneProcess: await inOneProcess(`${folder.path}/whole`),
    },
  ];
}

async function inOneProcess(folder: string) {
  const modules = ["telling", "hearing"];
  await using whole = await spawnInstance({ name: "whole", modules, folder });
  const events = new Events({
    tell: () => whole.ask({ procedure: "telling.tellMany", input: EVENTS }),
    heard: (count) => whole.ask({ procedure: "hearing.heard", input: { count } }),
  });
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) rates.push(await events.rate());
  return samples(rates.slice(1));
}

/** One side: what tells, and what hears. */
interface Side {
  tell(): Promise<{ startedAtMs: number }>;
  heard(count: number): Promise<{ atMs: number }>;
}

/** The events of one side over all rounds. */
class Events {
  readonly #side: Side;
  #told = 0;

  constructor(side: Side) {
    this.#side = side;
  }

  async rate(): Promise<number> {
    this.#told += EVENTS.count;
    const [{ startedAtMs }, { atMs }] = await Promise.all([
      this.#side.tell(),
      this.#side.heard(this.#told),
    ]);
    return EVENTS.count / ((atMs - startedAtMs) / 1_000);
  }
}
