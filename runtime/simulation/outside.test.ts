import { expect, test } from "bun:test";
import { SimulatedBroker } from "./broker/broker.ts";
import { SimulatedDisk } from "./disk.ts";
import type { FaultRates } from "./faults.ts";
import { Images } from "./images.ts";
import { outsideOf } from "./outside.ts";
import { Process } from "./process.ts";
import { SimulatedSystem } from "./simulated-system.ts";
import { smallWorld } from "./small-world.ts";

/** What comes of one thing that a process has done beyond the system, and how often it is done. */
function served(rates: Partial<FaultRates>, { dies }: { readonly dies?: "before" | "after" } = {}) {
  const world = smallWorld(rates);
  const broker = new SimulatedBroker(world, { manifest: [] });
  const disk = new SimulatedDisk(world, new Images());
  const ground = { world, disk, broker, versions: [[]], ports: () => [], folder: "" };
  const outside = outsideOf(world, { system: new SimulatedSystem(ground, []), folder: "" });
  const process = new Process(world, "one", world.seed);
  world.faults.on = true;
  let done = 0;
  const told: string[] = [];
  const about = { what: "mail", lostMs: 1_000, lost: () => new Error("lost") };
  const work = () => {
    done += 1;
    return "done";
  };
  if (dies === "before") process.kill("killed");
  outside.serve(process, work, about).then(
    (answer) => void told.push(answer),
    ({ message }: Error) => void told.push(`${message} after ${world.nowMs > 999}`),
  );
  if (dies === "after") process.kill("killed");
  world.runUntil(10_000);
  return { done, told };
}

test.each([
  ["is done once, and answered", {}, { done: 1, told: ["done"] }],
  ["is not done when it is lost", { "outside-lost": 1 }, { done: 0, told: ["lost after true"] }],
  [
    "is done after the process was told that it was lost, when it is late",
    { "outside-late": 1 },
    { done: 1, told: ["lost after true"] },
  ],
  [
    "is done all the same when the answer is lost",
    { "outside-unanswered": 1 },
    { done: 1, told: ["lost after true"] },
  ],
])("what a process asks of the world beyond %s", (_what, rates, expected) => {
  expect(served(rates)).toEqual(expected);
});

test("what a process has asked for is done though it is gone, and nobody hears of it", () => {
  expect(served({}, { dies: "after" })).toEqual({ done: 1, told: [] });
});

test("what a process means to ask for when it is gone is not done", () => {
  expect(served({}, { dies: "before" })).toEqual({ done: 0, told: [] });
});
