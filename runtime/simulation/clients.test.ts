import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
import { command, contract } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { shelf } from "../testing/sample/contracts.ts";
import type { FaultRates } from "./faults.ts";
import { noFaults } from "./no-faults.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import { sample } from "./sample.ts";
import { simulate } from "./simulate.ts";

test("an answer of minus zero is the same when it is asked for again", async () => {
  const gauge = contract("gauge", {
    take: command({ input: t.Object({}), output: t.Object({ x: t.Number() }) }),
  });
  const module = defineModule({
    contract: gauge,
    handlers: {
      take: handler(gauge.take, (_input, { transaction }) => transaction(() => ({ x: -0 }))),
    },
    migrations: [],
  });
  const { told } = await simulate({
    modules: [module],
    topologies: [{ gateway: ["gauge"] }, { gateway: [], gauge: ["gauge"] }],
    workload: {
      clients: 5,
      prepare: async () => {},
      async client({ call: made }) {
        const call: Call<typeof gauge> = made;
        await call(gauge.take, {});
      },
    },
    invariants: [],
    faults: { "asked-again": 1 },
    seeds: [1, 2, 3, 4],
    minutes: 1,
  });
  expect(told).toEqual([]);
});

/** What stories tell of how a client's call of the shelf ended. */
function heardBy(client: (call: Call<typeof shelf>) => Promise<unknown>, faults: FaultRates) {
  const workload = {
    clients: 1,
    prepare: async () => {},
    client: async ({ call }: { call: Call<typeof shelf> }) =>
      void (await client(call).catch(() => {})),
  };
  const topologies = sample.topologies.slice(1);
  const scenario = { ...sample, workload, topologies, faults, invariants: [] };
  const about = { seed: 1, minutes: 1, images: prepared(scenario), keepsSteps: true };
  const { steps } = runSeed(scenario, about);
  const heard = steps.filter(({ what }) => /^(is|fails|refusal|failure) .*shelf/.test(what));
  return heard.map(({ what }) => what.replace(/ in trace .*/, ""));
}

test("a refusal is told as one, and silence as silence", () => {
  const take = (call: Call<typeof shelf>) =>
    call(shelf.take, { thing: "tea", taker: "somebody", count: 1 });
  expect(heardBy(take, noFaults)).toEqual([
    "refusal of shelf.take to gateway",
    "is refused shelf.take",
  ]);
  const [failure, heard] = heardBy(take, { ...noFaults, "reply-lost": 0.999 });
  expect(failure).toBe("failure of shelf.take to gateway");
  expect(heard).toBe("is not answered shelf.take");
});

test("what breaks its contract is neither told as a refusal nor as silence", () => {
  const heard = heardBy((call) => call(shelf.countOf, { thing: 7 as never }), noFaults);
  expect(heard).toEqual(["failure of shelf.countOf to gateway", "fails at shelf.countOf"]);
});
