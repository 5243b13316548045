import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import { simulate } from "./simulate.ts";

test("what follows a commit that lasted follows it although an error was reported", async () => {
  // Nobody is started again, so nothing is taken up from the disk by that.
  const faults = { ...noFaults, "commit-unknown": 0.1 };
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
  const { failures } = await simulate({ ...sample, faults, seeds, minutes: 2 });
  expect(failures.flatMap(({ violations }) => violations)).toEqual([]);
});
