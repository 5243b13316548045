import { expect, test } from "bun:test";
import { shrunk } from "./shrink.ts";

const faults = Array.from({ length: 40 }, (_, index) => `fault ${index}`);
const enough = { runsMax: 1_000 };

test.each([
  ["one", ["fault 17"]],
  ["the first and the last", ["fault 0", "fault 39"]],
  ["three that lie together", ["fault 20", "fault 21", "fault 22"]],
])("of forty faults exactly %s is left when the failure takes no others", (_what, needed) => {
  const fails = (only: ReadonlySet<string>) => needed.every((one) => only.has(one));
  expect(shrunk(faults, fails, enough)).toEqual(needed);
});

test("no fault is left when it fails without any", () => {
  expect(shrunk(faults, () => true, enough)).toEqual([]);
});

test("all are left when it never fails again, after as many runs as are allowed at most", () => {
  let runs = 0;
  const fails = () => {
    runs += 1;
    return false;
  };
  expect(shrunk(faults, fails, { runsMax: 30 })).toEqual(faults);
  expect(runs).toBe(30);
});
