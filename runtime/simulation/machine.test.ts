import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import { sample } from "./sample.ts";

const split = { gateway: [], shelf: ["shelf"], desk: ["desk"] };
const scenario = {
  ...sample,
  topologies: [split],
  faults: { ...noFaults, machine: 0.05 },
};
const images = prepared(scenario);
const outcomes = Array.from({ length: 20 }, (_, index) =>
  runSeed(scenario, { seed: index + 1, minutes: 1, images, keepsSteps: true }),
);

test("when the machine fails, all processes and the broker are gone at the same moment", () => {
  const moments = outcomes.flatMap(({ steps }) =>
    steps.filter(({ what }) => what === "the machine fails").map(({ atMs }) => ({ atMs, steps })),
  );
  expect(moments.length).toBeGreaterThan(20);
  const ends = moments.map(({ atMs, steps }) =>
    steps
      .filter((one) => one.atMs === atMs && /^(gone|down)$/.test(one.what))
      .map(({ where }) => where)
      .sort(),
  );
  expect(ends).toContainEqual(["broker", "desk", "gateway", "shelf"]);
});

test("after that what was committed is there, and the rest is done again", () => {
  expect(outcomes.flatMap(({ violations }) => violations)).toEqual([]);
});

test("the broker comes back without the ends of its streams, at times", () => {
  const cuts = outcomes.flatMap(({ steps }) => steps.filter(({ what }) => what === "stream cut"));
  expect(cuts).not.toEqual([]);
});
