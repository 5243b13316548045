import { expect, test } from "bun:test";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { sample } from "./sample.ts";
import { Stage } from "./stage.ts";

test("it is as late as by the clock that is most behind, whose process may have a job due", () => {
  const topologies = [{ gateway: [], shelf: ["shelf"], desk: ["desk"] }];
  const scenario = { ...sample, topologies, faults: noFaults };
  using stage = new Stage(scenario, { seed: 1, images: prepared(scenario) });
  stage.system.start();
  const before = stage.timeOfDay;
  for (const { process } of stage.system.members) {
    process.skewMs = process.name === "desk" ? -30_000 : 60_000;
  }
  expect(stage.timeOfDay).toBe(before - 30_000);
});
