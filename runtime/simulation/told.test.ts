import { expect, test } from "bun:test";
import { typedCommand } from "../host/typed-command.ts";
import { told } from "./told.ts";

const named = { workload: "buying", topology: "all", commit: "abc" };
const failure = {
  seed: 7,
  minutes: 10,
  violations: ["It does not hold."],
  story: [],
  isExplained: true,
};
const again = typedCommand(
  "run cleave simulate --seed 7 --minutes 10 --topology all --workload buying",
);

test("a failure says how exactly that run is run again: with the faults it takes alone", () => {
  const faults = ["kill core at commit.before:orders #3", "pause core #1"];
  expect(told({ ...failure, faults }, named)[0]).toBe(
    `Seed 7 of commit abc: ${again} --only 'kill core at commit.before:orders #3' ` +
      "--only 'pause core #1'",
  );
  expect(told({ ...failure, faults }, named)).toContain("It takes 2 faults:");
  expect(told({ ...failure, faults: faults.slice(1) }, named)).toContain("It takes one fault:");
  expect(told({ ...failure, faults: [] }, named)[0]).toEndWith(`${again} --only none`);
});

test("a failure that was not explained is told without its many faults", () => {
  const faults = ["pause core #1"];
  expect(told({ ...failure, faults, isExplained: false }, named)).toEqual([
    `Seed 7 of commit abc: ${again}`,
    "  It does not hold.",
  ]);
});

test("a failure in a test says how that test has it again", () => {
  const faults = ["pause core #1"];
  expect(told({ ...failure, faults })[0]).toBe(
    'Seed 7 is run again by simulate({ ...the same, ...{"seeds":[7],"minutes":10,' +
      '"only":["pause core #1"]} })',
  );
  expect(told({ ...failure, faults, isExplained: false })[0]).toEndWith('"minutes":10} })');
});
