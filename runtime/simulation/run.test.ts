import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { prepared, runSeed } from "./run.ts";
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

test("what cannot be filled says what it waited for", () => {
  const prepare = () => new Promise<void>(() => {});
  expect(() => prepared({ ...quiet, workload: { ...sample.workload, prepare } })).toThrow(
    /^Filling the system took more than an hour of virtual time\. .* setTimeout/,
  );
});

test("a system that cannot start says why", () => {
  const [, desk] = sample.modules;
  const modules = desk === undefined ? [] : [desk];
  const prepare = async () => {};
  const scenario = { ...quiet, modules, workload: { ...sample.workload, prepare } };
  expect(() => prepared(scenario)).toThrow(/^The system cannot start: .*shelf/);
});
