import { expect, test } from "bun:test";
import { modules } from "../../modules/index.ts";
import { prepared } from "../../runtime/simulation/prepared.ts";
import { runSeed } from "../../runtime/simulation/run.ts";
import core from "../topologies/core.ts";
import edgeHeavy from "../topologies/edge-heavy.ts";
import monolith from "../topologies/monolith.ts";
import split from "../topologies/split.ts";
import { books } from "./books.ts";
import { buying } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

const SEEDS = [1, 2, 3, 4, 5];
const MINUTES = 10;

test("a seed alone, whose story is told, goes as it did among others without one", async () => {
  const scenario = {
    modules: (await Promise.all(modules.map(({ module }) => module()))).map((one) => one.default),
    topologies: [monolith, split, core, edgeHeavy],
    workload: buying,
    invariants: books,
    outside: beyondTheShop,
  };
  const images = prepared(scenario);
  const among = SEEDS.map((seed) => runSeed(scenario, { seed, minutes: MINUTES, images }).digest);
  const alone = SEEDS.toReversed().map((seed) => {
    const about = { seed, minutes: MINUTES, images: prepared(scenario), keepsSteps: true };
    return runSeed(scenario, about).digest;
  });
  expect(alone.toReversed()).toEqual(among);
}, 60_000);
