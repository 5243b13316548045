import { expect, test } from "bun:test";
import fs, { existsSync } from "node:fs";
import type { Call } from "../contract/call.ts";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { realEnds, realReaches, realWaits, ringSoon } from "../testing/sample/real-waits.ts";
import { turns } from "../testing/stillness.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { noFaults } from "./no-faults.ts";
import type { Client } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const clock = contract("clock", { look: query({ input: t.Object({}), output: t.Object({}) }) });

/** What comes of a system whose one module does this when it is asked. */
async function violationsWith(
  look: (() => Promise<unknown>) | undefined,
  mayHang?: readonly string[],
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
    mayHang,
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

test.each(Object.keys(realReaches))(
  "who reaches by %s is named, though it is caught",
  async (called) => {
    const [first] = await violationsWith(async () => {
      expect(realReaches[called]).toThrow(/^The real world was reached for, /);
    });
    expect(first).toMatch(
      new RegExp(`^The real world was .*sample/real-waits\\.ts:\\d+ called ${called}\\. Put it`),
    );
  },
);

test.each(Object.keys(realEnds))(
  "%s ends no run, and fails it though it is caught",
  async (called) => {
    const [first] = await violationsWith(async () => {
      expect(realEnds[called]).toThrow(/^The process was to be ended, /);
    });
    expect(first).toMatch(
      new RegExp(`^The process was .*sample/real-waits\\.ts:\\d+ called ${called}\\. Throw an`),
    );
  },
);

test("what was not caught is told once, by whom it failed", async () => {
  const violations = await violationsWith(async () => realEnds["process.exit"]?.());
  expect(violations.filter((one) => one.includes("process.exit"))).toHaveLength(1);
});

test("what nobody waits for is told all the same, and a timer does not ring later", async () => {
  let rung = 0;
  const violations = await violationsWith(async () => {
    ringSoon(() => {
      rung += 1;
    });
  });
  expect(violations).toEqual([
    expect.stringMatching(
      /^Real time was .*sample\/real-waits\.ts:\d+ called setTimeout, .*called setImmediate\. Have/,
    ),
  ]);
  await turns(5);
  expect(rung).toBe(0);
});

test("what is written in a run is not", async () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/written`;
  await violationsWith(async () => void Bun.write(path, "written"));
  await turns(5);
  expect(existsSync(path)).toBe(false);
});

test("who prints something passes", async () => {
  const violations = await violationsWith(async () => {
    process.stdout.write("");
    process.stderr.write("");
  });
  expect(violations).toEqual([]);
});

test("who waits for nothing passes, and afterwards all that was watched is as before", async () => {
  const watched = (): unknown[] => [
    fetch,
    fs.stat,
    fs.promises.stat,
    Reflect.get(globalThis, "setTimeout"),
    Reflect.get(Bun, "sleep"),
    process.exit,
    WebSocket,
  ];
  const before = watched();
  expect(await violationsWith(undefined)).toEqual([]);
  for (const [index, real] of watched().entries()) expect(real).toBe(before[index]);
});

test("a call that leaves no trace of its caller is named all the same", async () => {
  const violations = await violationsWith(() => Bun.file("/dev/null").text());
  expect(violations.find((one) => one.includes("not at rest"))).toMatch(
    /Real time was waited for, .*here: what runtime\/\S+\.ts:\d+ calls called Bun\.file\. Have a/,
  );
});

test("who waits for ever without such a call is named, and hears what it may be", async () => {
  const violations = await violationsWith(() => new Promise(() => {}));
  expect(violations).toEqual([
    expect.stringMatching(
      /not at rest: a handler of clock\.look in gateway does not settle\. What waits for real time/,
    ),
    expect.stringMatching(/^client-1 failed: clock\.look did not answer in time/),
  ]);
});

test("a handler that nobody needs to settle is left alone", async () => {
  const violations = await violationsWith(() => new Promise(() => {}), ["clock.look"]);
  expect(violations).toEqual([expect.stringMatching(/^client-1 failed: clock\.look did not/)]);
});
