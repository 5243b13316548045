import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
import { waitUntil } from "../index.ts";
import { BossInput, boss, bossModule, bossSaga } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";

const HOUR_MS = 3_600_000;
const WAIT_MS = 2 * HOUR_MS;
const MINUTES = 5;

const resting = bossSaga("boss.rest", { version: 1, input: BossInput, deadlineMs: 48 * HOUR_MS })
  .step("rest", {
    run: async ({ late, now }) => (late ? {} : waitUntil(now() + WAIT_MS)),
  })
  .step("go", { run: ({ id, call }) => call(errands.run, { name: id }) })
  .ending(() => {});

let state: readonly string[] = [];
const scenario: Scenario = {
  modules: [errandsModule(new Map(), []), bossModule(resting)],
  topologies: [{ all: ["errands", "boss"] }, { gateway: [], errands: ["errands"], boss: ["boss"] }],
  workload: {
    clients: 1,
    prepare: async (call: Call<typeof boss>) => {
      await call(boss.begin, { id: "1" });
    },
    client: async () => {},
  },
  invariants: [
    {
      name: "looking",
      async check(_call, rows) {
        state = rows("boss", "SELECT state FROM cleave_saga");
        return [];
      },
    },
  ],
  faults: { ...noFaults, "clock-set": 0.015, "kill-any": 0.01 },
};
const images = prepared(scenario);

test("what is due by a clock that was set forward is done within minutes, by any process", () => {
  const ends = Array.from({ length: 20 }, (_, index) => {
    const options = { seed: index + 1, minutes: MINUTES, images, keepsSteps: true };
    const { violations, steps, restedAfterMs } = runSeed(scenario, options);
    expect(violations).toEqual([]);
    expect(restedAfterMs).toBeLessThan(90_000);
    const passedMs = steps
      .filter(({ what }) => what === "the clock is set forward")
      .reduce((sum, { detail }) => sum + Number.parseInt(detail, 10), MINUTES * 60_000);
    expect({ passedMs, state }).toEqual({
      passedMs,
      state: [passedMs > WAIT_MS ? "completed" : "waiting"],
    });
    return state[0];
  });
  expect(new Set(ends)).toEqual(new Set(["completed", "waiting"]));
});
