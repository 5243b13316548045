import { expect, test } from "bun:test";
import fs from "node:fs";
import type { Call } from "../contract/call.ts";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { realWaits } from "../testing/sample/real-waits.ts";
import { noFaults } from "./no-faults.ts";
import type { Client } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const clock = contract("clock", { look: query({ input: t.Object({}), output: t.Object({}) }) });

/** What comes of a system whose one module does this when it is asked. */
async function violationsWith(
  look: (() => Promise<unknown>) | undefined,
): Promise<readonly string[]> {
  const module = defineModule({
    contract: clock,
    handlers: {
      look: handler(clock.look, async () => {
        await look?.();
        return {};
      }),
    },
    migrations: [],
  });
  const { failures } = await simulate({
    modules: [module],
    topologies: [{ gateway: ["clock"] }],
    workload: {
      clients: 1,
      prepare: async () => {},
      async client({ call: made }: Client) {
        const call: Call<typeof clock> = made;
        await call(clock.look, {});
      },
    },
    invariants: [],
    faults: noFaults,
    seeds: [1],
    minutes: 1,
  });
  return failures.flatMap(({ violations }) => violations);
}

test.each(Object.keys(realWaits))("who waits for %s is named before all else", async (called) => {
  const [first, ...others] = await violationsWith(realWaits[called]);
  expect(first).toMatch(
    new RegExp(
      `not at rest.* Real time was .*sample/real-waits\\.ts:\\d+ called ${called}\\. Have`,
    ),
  );
  expect(others).toContainEqual(expect.stringContaining("client-1 failed"));
});

test("who waits for nothing passes, and afterwards all that was watched is as before", async () => {
  const watched = (): unknown[] => [
    fetch,
    fs.stat,
    fs.promises.stat,
    Reflect.get(globalThis, "setTimeout"),
    Reflect.get(Bun, "sleep"),
  ];
  const before = watched();
  expect(await violationsWith(undefined)).toEqual([]);
  for (const [index, real] of watched().entries()) expect(real).toBe(before[index]);
});

test("a call that leaves no trace of its caller is named all the same", async () => {
  const violations = await violationsWith(() => fetch("http://127.0.0.1:1/"));
  expect(violations.find((one) => one.includes("not at rest"))).toMatch(
    /Real time was waited for, .*here: what runtime\/\S+\.ts:\d+ calls called fetch\. Have a/,
  );
});

test("who waits for ever without such a call hears what it may be", async () => {
  const violations = await violationsWith(() => new Promise(() => {}));
  expect(violations.find((one) => one.includes("not at rest"))).toEndWith(
    "What waits for real time, as fetch, a file or setTimeout do, waits for ever here.",
  );
});
