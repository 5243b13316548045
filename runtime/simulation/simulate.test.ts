import { expect, test } from "bun:test";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepSeed, keptSeeds } from "./kept.ts";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import { simulate } from "./simulate.ts";

const quiet = { ...sample, faults: noFaults, minutes: 1 };

test("seeds that failed once are run first, each seed once", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.json`;
  keepSeed(kept, { seed: 9, found: "something" });
  const ran: number[] = [];
  const { runs, failures } = await simulate({
    ...quiet,
    kept,
    seeds: [1, 9, 2],
    ran: ({ seed }) => void ran.push(seed),
  });
  expect({ runs, failures, ran }).toEqual({ runs: 3, failures: [], ran: [9, 1, 2] });
});

test("a seed that fails without any fault says so, and is kept", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.json`;
  const never = { name: "never", check: async () => ["It does not hold."] };
  const { failures } = await simulate({ ...quiet, invariants: [never], kept, seeds: [3] });
  const violations = ["never: It does not hold."];
  expect(failures).toEqual([{ seed: 3, violations, faults: [], story: [] }]);
  expect(keptSeeds(kept)).toEqual([{ seed: 3, found: "never: It does not hold." }]);
});

test("what a client throws fails its seed", async () => {
  const client = async () => {
    throw new Error("hm");
  };
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3] });
  expect(failures.map((one) => one.violations)).toEqual([["client-1 failed: hm"]]);
});
