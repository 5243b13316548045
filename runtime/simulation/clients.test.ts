import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
import { command, contract } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
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
