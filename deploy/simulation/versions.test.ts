import { expect, test } from "bun:test";
import { type Invariant, noFaults, simulate } from "#runtime/simulation";
import { modules } from "../../modules/index.ts";
import { prepared } from "../../runtime/simulation/prepared.ts";
import { runSeed } from "../../runtime/simulation/run.ts";
import core from "../topologies/core.ts";
import split from "../topologies/split.ts";
import { books } from "./books.ts";
import { newerOf } from "./newer.ts";
import { buyers } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

const channels = "SELECT payload ->> '$.channel' FROM cleave_outbox WHERE event = 'stockRanOut'";

const insideOf = () => Promise.all(modules.map(async (entry) => (await entry.module()).default));

test("old and new versions of the shop run side by side, and nothing is lost by it", async () => {
  const inside = await insideOf();
  const found = new Set<string | null>();
  const looking: Invariant = {
    name: "looking",
    async check(_call, rows) {
      for (const one of rows("inventory", channels)) found.add(one);
      return [];
    },
  };
  const { failures } = await simulate({
    modules: inside,
    versions: [newerOf(inside)],
    topologies: [split, core],
    workload: buyers({ stock: 5, couponUses: 3, abandoning: 0 }),
    invariants: [...books, looking],
    outside: beyondTheShop,
    faults: { version: 0.02 },
    seeds: [1, 2, 3, 4],
    minutes: 3,
  });
  expect(failures).toEqual([]);
  expect(found).toEqual(new Set([null, "web"]));
}, 120_000);

test("a command that is repeated to another version of its module is the same one", async () => {
  const inside = await insideOf();
  const scenario = {
    modules: inside,
    versions: [newerOf(inside)],
    topologies: [split],
    workload: buyers({ stock: 500, couponUses: 3, abandoning: 0 }),
    invariants: [],
    outside: beyondTheShop,
    faults: { ...noFaults, version: 0.3, "reply-lost": 0.3 },
  };
  const images = prepared(scenario);
  // Three seeds: not every run changes versions while stock is held.
  const steps = [1, 2, 3].flatMap(
    (seed) => runSeed(scenario, { seed, minutes: 3, images, keepsSteps: true }).steps,
  );
  const answers = steps.filter(({ what }) => /holdStock/.test(what));
  expect(answers.some(({ detail }) => detail.includes("channel"))).toBe(true);
  expect(answers.filter(({ detail }) => detail.includes("IDEMPOTENCY_MISMATCH"))).toEqual([]);
}, 120_000);
