import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { Process } from "./process.ts";
import { runSeed } from "./run.ts";
import { sample } from "./sample.ts";
import { seeded } from "./seeded.ts";
import { smallWorld } from "./small-world.ts";

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1);
/** What a process does that others see, each with a point before and one after it. */
const POINTS = [
  ...["commit.before", "commit.after", "relay.publishing", "relay.published"],
  ...["reader.taken", "reader.acknowledged", "callee.answering", "callee.answered"],
];

test("processes die before and after commits, publishes, acknowledgements and replies", () => {
  const topologies = sample.topologies.slice(1);
  const scenario = { ...sample, topologies, faults: { ...noFaults, kill: 0.02 } };
  const images = prepared(scenario);
  const points = new Set<string>();
  for (const seed of SEEDS) {
    const { faults, violations } = runSeed(scenario, { seed, minutes: 1, images });
    expect(violations).toEqual([]);
    for (const { about } of faults) points.add(about.replace(/.* at (.*):.*/, "$1"));
  }
  expect([...points]).toEqual(expect.arrayContaining(POINTS));
}, 60_000);

test("who is killed at a point goes at once, or just when what was sent there has left", () => {
  const ends = SEEDS.map((seed) => {
    const world = smallWorld({ kill: 1 }, seed);
    world.faults.on = true;
    const process = new Process(world, "a", seeded(1));
    process.environment.reach("callee.answered:shop");
    const atOnce = process.isGone;
    world.runUntil(0.01);
    return `${atOnce ? "at once" : "later"}, ${process.isGone ? "gone" : "there"}`;
  });
  expect(new Set(ends)).toEqual(new Set(["at once, gone", "later, gone"]));
});
