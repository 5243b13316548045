import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import { sample } from "./sample.ts";

const quiet = { ...sample, faults: noFaults };

test.each([
  ["while faults happen", 30_000],
  ["while it comes to rest", 61_000],
])("a run that is ended %s has no step after that", (_when, untilMs) => {
  const never = { name: "never", check: async () => ["It does not hold."] };
  const scenario = { ...quiet, invariants: [never] };
  const about = { seed: 1, minutes: 1, images: prepared(scenario), keepsSteps: true, untilMs };
  const { steps, violations } = runSeed(scenario, about);
  expect(steps.filter(({ atMs, what }) => atMs > untilMs && what !== "gone")).toEqual([]);
  expect(violations).toEqual([]);
});

test("a system loses nothing by streams that keep a few events only", () => {
  const about = { minutes: 1, images: prepared(sample), keepsSteps: true };
  const small = { ...sample, streamBytesMax: 1_000 };
  const outcomes = [1, 2, 3, 4, 5, 6].map((seed) => runSeed(small, { ...about, seed }));
  expect(outcomes.flatMap(({ violations }) => violations)).toEqual([]);
  const drops = outcomes.flatMap(({ steps }) => steps.filter(({ what }) => what === "dropped"));
  expect(drops.length).toBeGreaterThan(5);
});

test("a process stands still, at times for longer than the broker keeps its connection", () => {
  const split = { gateway: [], shelf: ["shelf"], desk: ["desk"] };
  const scenario = { ...sample, topologies: [split], faults: { ...noFaults, pause: 0.05 } };
  const about = { minutes: 1, images: prepared(scenario), keepsSteps: true };
  const outcomes = [1, 2, 3, 4].map((seed) => runSeed(scenario, { ...about, seed }));
  expect(outcomes.flatMap(({ violations }) => violations)).toEqual([]);
  const steps = outcomes.flatMap((one) => one.steps);
  const pauses = steps.filter(({ what }) => what === "paused").map((one) => one.detail);
  const isLong = pauses.map((detail) => Number.parseFloat(detail) > 15_000);
  expect([...new Set(isLong)].sort()).toEqual([false, true]);
  expect(steps.filter(({ what }) => what === "disconnected")).not.toEqual([]);
});

test("what cannot be filled says what it waited for", () => {
  const prepare = () => new Promise<void>(() => {});
  expect(() => prepared({ ...quiet, workload: { ...sample.workload, prepare } })).toThrow(
    /^Filling the system took more than an hour of virtual time\. .* setTimeout/,
  );
});

test("what fills nothing need not be async", () => {
  const prepare: () => never = () => undefined as never;
  const workload = { ...sample.workload, clients: 0, prepare };
  const scenario = { ...quiet, invariants: [], workload };
  const { violations } = runSeed(scenario, { seed: 1, minutes: 1, images: prepared(scenario) });
  expect(violations).toEqual([]);
});

test.each([
  [undefined, "undefined"],
  ["hm", "a value of type string"],
  [[7], "an array with a value of type number"],
  [["hm", undefined], "an array with undefined"],
])("an invariant that gives %j does not hold, and says what to give", (given, told) => {
  const check: () => never = () => given as never;
  const scenario = { ...quiet, invariants: [{ name: "odd", check }] };
  const { violations } = runSeed(scenario, { seed: 1, minutes: 1, images: prepared(scenario) });
  expect(violations).toEqual([
    expect.stringMatching(new RegExp(`^odd: its check gave ${told}\\. Have it give an array`)),
  ]);
});

test("an invariant need not be async", () => {
  const check: () => never = () => ["It does not hold."] as never;
  const scenario = { ...quiet, invariants: [{ name: "never", check }] };
  const { violations } = runSeed(scenario, { seed: 1, minutes: 1, images: prepared(scenario) });
  expect(violations).toEqual(["never: It does not hold."]);
});

test("a system that cannot start says why", () => {
  const [, desk] = sample.modules;
  const modules = desk === undefined ? [] : [desk];
  const prepare = async () => {};
  const scenario = { ...quiet, modules, workload: { ...sample.workload, prepare } };
  expect(() => prepared(scenario)).toThrow(/^The system could not start: .*shelf.*[^.]\.$/s);
});
