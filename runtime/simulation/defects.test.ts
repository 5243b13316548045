import { expect, test } from "bun:test";
import type { Call } from "../contract/call.ts";
import { command, contract } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import type { Topology } from "../host/topology.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { declareUses } from "../module/uses.ts";
import { broken, brokenSchema, brokenSql } from "../testing/sample/broken.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import type { Client, Invariant } from "./scenario.ts";
import { type Simulation, simulate } from "./simulate.ts";

const shape = { input: t.Object({}), output: t.Object({}) };
const tally = contract("tally", { add: command(shape) });
const front = contract("front", { add: command(shape) });

const split: Topology = { gateway: [], front: ["front"], tally: ["tally"] };
const alone: Topology = { gateway: ["front", "tally"] };
const bugs = Object.keys(broken);

const calling = declareUses([tally.add]);

/** A system whose command has this bug, and is called by another module for one client. */
function systemWith(bug: string): Simulation {
  const back = defineModule({
    contract: tally,
    handlers: {
      add: handler(tally.add, (_input, { transaction }) =>
        transaction((tx) => {
          broken[bug]?.(tx);
          return {};
        }),
      ),
    },
    schema: brokenSchema,
    migrations: [{ name: "0000_initial", sql: brokenSql }],
  });
  const facade = defineModule({
    contract: front,
    uses: calling.uses,
    handlers: {
      add: calling.handler(front.add, async (_input, { call, transaction }) => {
        await call(tally.add, {}, { key: "1" });
        return await transaction(() => ({}));
      }),
    },
    migrations: [],
  });
  const client = ({ call }: Client) => add(call);
  return {
    ...{ modules: [back, facade], topologies: [split], invariants: [], faults: noFaults },
    ...{ seeds: [1], minutes: 1, workload: { clients: 1, prepare: async () => {}, client } },
  };
}

async function add(call: Call<typeof front>): Promise<void> {
  await call(front.add, {});
}

test.each(bugs.flatMap((bug) => [alone, split].map((topology) => [bug, topology] as const)))(
  "the bug %p of a handler is told with its place, whoever called it, in %j",
  async (bug, topology) => {
    const { failures } = await simulate({ ...systemWith(bug), topologies: [topology] });
    expect(failures.flatMap(({ violations }) => violations)).toEqual([
      expect.stringMatching(/^client-1 failed: front\.add failed: tally\.add failed: .*\)$/),
    ]);
    expect(failures[0]?.violations[0]).toContain(bug);
    expect(failures[0]?.violations[0]).toMatch(/ \(at runtime\/testing\/sample\/broken\.ts:\d+\)$/);
  },
);

test("an invariant that meets a handler's bug is told with the bug's place", async () => {
  const met: Invariant = {
    name: "met",
    check: (call: Call<typeof front>) => add(call).then(() => []),
  };
  const buggy = systemWith("UNIQUE constraint failed: number.number");
  const workload = { ...buggy.workload, clients: 0 };
  const { failures } = await simulate({ ...buggy, workload, invariants: [met] });
  expect(failures.flatMap(({ violations }) => violations)).toEqual([
    expect.stringMatching(/^met: it could not be checked: .* \(at .*sample\/broken\.ts:\d+\)$/),
  ]);
});

test("a bug that is met while the system is filled is told with its place", async () => {
  const buggy = systemWith("UNIQUE constraint failed: number.number");
  const filled = simulate({ ...buggy, workload: { ...buggy.workload, prepare: add } });
  await expect(filled).rejects.toThrow(
    /^Filling the system failed: front\.add failed: .* \(at .*sample\/broken\.ts:\d+\)$/,
  );
});

test("what a process says of a bug has its place in the story", async () => {
  const client = async ({ call: made }: Client) => {
    const call: Call<typeof shelf> = made;
    await call(shelf.put, { thing: "cursed", count: 1 });
    await call(shelf.take, { thing: "cursed", taker: "somebody", count: 1 });
  };
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...sample, workload, faults: noFaults, seeds: [1] });
  expect(failures[0]?.story.join("\n")).toMatch(
    /error {2}event set aside .*It bites\..* \(at runtime\/testing\/sample\/desk\.ts:\d+\)/,
  );
});
