import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { Call } from "../contract/call.ts";
import { contract, query } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { defineModule } from "../module/define-module.ts";
import { handler } from "../module/handler.ts";
import { desk } from "../testing/sample/contracts.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { type Happened, nameOf } from "./faults.ts";
import { keepSeed, keptSeeds } from "./kept.ts";
import { noFaults } from "./no-faults.ts";
import { sample } from "./sample.ts";
import type { Client, Rows } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const quiet = { ...sample, faults: noFaults, minutes: 1 };

test("seeds that failed once are run first, each seed once", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.jsonl`;
  keepSeed(kept, { seed: 9, minutes: 1, faults: [], found: "something" });
  const ran: number[] = [];
  const { runs, failures, faded } = await simulate({
    ...quiet,
    kept,
    seeds: [1, 9, 2],
    ran: ({ seed }) => void ran.push(seed),
  });
  expect({ runs, failures, ran }).toEqual({ runs: 3, failures: [], ran: [9, 1, 2] });
  expect(faded).toEqual([]);
});

test("a seed that fails without any fault says so, and is kept", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.jsonl`;
  const never = { name: "never", check: async () => ["It does not hold."] };
  const { failures } = await simulate({ ...quiet, invariants: [never], kept, seeds: [3] });
  const violations = ["never: It does not hold."];
  expect(failures).toMatchObject([{ seed: 3, minutes: 1, violations, faults: [] }]);
  const found = "never: It does not hold.";
  expect(keptSeeds(kept)).toEqual([{ seed: 3, minutes: 1, faults: [], found }]);
});

test("when every seed fails, only the first five are explained and kept", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.jsonl`;
  const never = { name: "never", check: async () => ["It does not hold."] };
  const seeds = [1, 2, 3, 4, 5, 6, 7];
  const { failures } = await simulate({ ...quiet, invariants: [never], kept, seeds });
  expect(failures.map((one) => one.seed)).toEqual(seeds);
  expect(failures.filter((one) => one.isExplained).map((one) => one.seed)).toEqual([1, 2, 3, 4, 5]);
  expect(keptSeeds(kept).map(({ seed }) => seed)).toEqual([1, 2, 3, 4, 5]);
});

test("a seed that cannot be kept is told, with why, and the next ones are run", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.jsonl`;
  const never = { name: "never", check: async () => ["It does not hold."] };
  const { failures, told } = await simulate({
    ...quiet,
    ...{ invariants: [never], kept, seeds: [3, 4] },
    ran: ({ seed }) => writeFileSync(kept, seed === 3 ? "<<<<<<< HEAD\n" : ""),
  });
  expect(failures).toMatchObject([
    { seed: 3, unkept: expect.stringContaining("Line 1 of") },
    { seed: 4 },
  ]);
  expect(failures[1]?.unkept).toBeUndefined();
  expect(told).toContain(
    `Seed 3 could not be kept. Line 1 of ${kept} is a mark of git's at a conflict. ` +
      "Leave the seeds of both sides, and delete its marks.",
  );
  expect(told.filter((one) => one.includes("could not be kept"))).toHaveLength(1);
  expect(keptSeeds(kept).map(({ seed }) => seed)).toEqual([4]);
});

test("the least faults are those of what was found, not of something else that fails", async () => {
  let answered = 0;
  const shelf = contract("shelf", {
    count: query({ input: t.Object({}), output: t.Object({}) }),
  });
  const module = defineModule({
    contract: shelf,
    handlers: {
      count: handler(shelf.count, () => {
        answered += 1;
        return {};
      }),
    },
    migrations: [],
  });
  const { failures } = await simulate({
    modules: [module],
    topologies: [{ gateway: [], shelf: ["shelf"] }],
    workload: {
      clients: 20,
      prepare: async () => {},
      client: async ({ call: made }) => {
        const call: Call<typeof shelf> = made;
        await call(shelf.count, {});
      },
    },
    invariants: [
      { name: "once", check: async () => (answered > 20 ? ["It was asked again."] : []) },
      {
        name: "twice",
        async check() {
          const times = answered;
          answered = 0;
          return times > 20 ? [] : ["Nobody asked again."];
        },
      },
    ],
    faults: { ...noFaults, "reply-lost": 0.5 },
    seeds: [1],
    minutes: 1,
  });
  expect(failures).toMatchObject([{ violations: ["once: It was asked again."] }]);
  expect(failures[0]?.faults).toHaveLength(1);
});

test("what a client throws fails its seed", async () => {
  const client = async () => {
    throw new Error("hm");
  };
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3] });
  expect(failures.map((one) => one.violations)).toEqual([["client-1 failed: hm"]]);
});

test("a client that does not end is told with all it asked, when, and what it heard", async () => {
  const client: typeof sample.workload.client = async ({ call: made, pause }) => {
    const call: Call<typeof desk> = made;
    await call(desk.orderState, { orderId: "x" }).catch(() => {});
    for (;;) await pause(60_000);
  };
  const workload = { ...sample.workload, clients: 1, client };
  const simulated = { ...quiet, topologies: sample.topologies.slice(1), invariants: [], workload };
  const { failures } = await simulate({ ...simulated, seeds: [3] });
  expect(failures[0]?.violations).toEqual([
    expect.stringMatching(
      / client-1 did not end\. .* throw after some time what it has waited for/,
    ),
  ]);
  const line = (what: string) =>
    expect.stringMatching(new RegExp(`^[0-9:.]{9}  client-1        ${what}$`));
  expect(failures[0]?.story).toEqual([
    "What happened to client-1:",
    line("comes"),
    line('asks desk.orderState in trace [0-9a-f]{8}  {"orderId":"x"}'),
    line('is answered desk.orderState in trace [0-9a-f]{8}  {"state":"unknown"}'),
  ]);
});

test("a kept seed of another workload isn't run, one without its fault is told of", async () => {
  using folder = temporaryFolder();
  const kept = `${folder.path}/kept.jsonl`;
  const found = "Something did not hold.";
  const named = { workload: "ordering", topology: "all" };
  keepSeed(kept, { seed: 8, minutes: 1, ...named, workload: "other", faults: [], found });
  keepSeed(kept, {
    seed: 9,
    minutes: 2,
    ...named,
    commit: "abc",
    faults: ["kill shelf #7"],
    found,
  });
  const { runs, faded } = await simulate({ ...quiet, kept, named, seeds: [] });
  expect({ runs, faded }).toEqual({
    runs: 1,
    faded: [
      'The kept seed 9 is a run like any other by now: "kill shelf #7" does not happen in it, ' +
        "which it takes to fail. What it found is seen in commit abc: Something did not hold.",
    ],
  });
});

test("what cannot be checked fails its seed", async () => {
  const check = async () => {
    throw new Error("hm");
  };
  const invariants = [{ name: "something", check }];
  const { failures } = await simulate({ ...quiet, invariants, seeds: [3] });
  const violations = ["something: it could not be checked: hm"];
  expect(failures).toMatchObject([{ seed: 3, violations }]);
});

test.each([0, 0.05])(
  "a seed that goes on every %d ms for ever ends, and fails",
  async (pauseMs) => {
    const client: typeof sample.workload.client = async ({ pause }) => {
      for (;;) await pause(pauseMs);
    };
    const workload = { ...sample.workload, clients: 1, client };
    const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3] });
    const [violations = []] = failures.map((one) => one.violations);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(
      /^It does not come to an end: .* most were "client-1" \(\d+ times\)/,
    );
  },
);

test("a handler that waits for a time by promises alone ends its seed, and is named", async () => {
  const shelf = contract("shelf", {
    count: query({ input: t.Object({}), output: t.Object({}) }),
  });
  const module = defineModule({
    contract: shelf,
    handlers: {
      count: handler(shelf.count, async (_input, { now }) => {
        const untilMs = now() + 1_000;
        while (now() < untilMs) await Promise.resolve();
        return {};
      }),
    },
    migrations: [],
  });
  const client: typeof sample.workload.client = async ({ call: made }) => {
    const call: Call<typeof shelf> = made;
    await call(shelf.count, {});
  };
  const { failures } = await simulate({
    modules: [module],
    topologies: [{ gateway: [], shelf: ["shelf"] }],
    workload: { clients: 1, prepare: async () => {}, client },
    invariants: [],
    faults: noFaults,
    seeds: [1],
    minutes: 1,
  });
  expect(failures.flatMap(({ violations }) => violations)).toEqual([
    expect.stringMatching(/^It does not come to an end: shelf looked at its clock more than/),
  ]);
});

test("an invariant that throws, and a client that does so at once, fail the seed", async () => {
  const throws = () => {
    throw new Error("hm");
  };
  const thrown = { name: "thrown", check: async () => throws() };
  const workload = { ...sample.workload, clients: 1, client: throws };
  const { failures } = await simulate({ ...quiet, invariants: [thrown], workload, seeds: [3] });
  const violations = ["client-1 failed: hm", "thrown: it could not be checked: hm"];
  expect(failures.map((one) => one.violations)).toEqual([violations]);
});

test("what has no text fails the seed when an invariant or a client throws it", async () => {
  const throws = () => {
    throw Object.create(null);
  };
  const thrown = { name: "thrown", check: throws };
  const workload = { ...sample.workload, clients: 1, client: throws };
  const { failures } = await simulate({ ...quiet, invariants: [thrown], workload, seeds: [3] });
  const what = "something of which no text can be made";
  const violations = [`client-1 failed: ${what}`, `thrown: it could not be checked: ${what}`];
  expect(failures.map((one) => one.violations)).toEqual([violations]);
});

test("an invariant that looks into a module that is not there does not hold", async () => {
  const blind = {
    name: "blind",
    check: async (_call: unknown, rows: Rows) => rows("dsk", "SELECT 'found'"),
  };
  const { failures } = await simulate({ ...quiet, invariants: [blind], seeds: [3] });
  expect(failures.flatMap(({ violations }) => violations)).toEqual([
    'blind: it could not be checked: There is no module "dsk" to look into. Known are shelf, desk.',
  ]);
});

test("what a seed that is run again leaves uncaught is not laid to the next one", async () => {
  let runs = 0;
  const client = async () => {
    runs += 1;
    if (runs > 2) return;
    process.emit("unhandledRejection", new Error("nobody's"), Promise.resolve());
    throw new Error("hm");
  };
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3, 4] });
  expect(failures.map(({ seed }) => seed)).toEqual([3]);
});

test("a failure is run again with its faults alone, and goes as its story tells", async () => {
  const client: typeof sample.workload.client = async ({ call: made, pause }) => {
    const call: Call<typeof desk> = made;
    const isLate = pause(500).then(() => Promise.reject(new Error("late")));
    await Promise.race([call(desk.orderState, { orderId: "x" }), isLate]);
  };
  const workload = { ...sample.workload, clients: 20, client };
  const faults = { ...noFaults, "reply-lost": 0.5 };
  const once = { ...quiet, topologies: sample.topologies.slice(1), workload, faults, seeds: [3] };
  const happened: number[] = [];
  const ran = (outcome: { readonly faults: readonly unknown[] }) =>
    void happened.push(outcome.faults.length);
  const [first] = (await simulate({ ...once, ran })).failures;
  const [again] = (await simulate({ ...once, ran, only: first?.faults ?? [] })).failures;
  expect(again).toEqual(first);
  expect(again?.faults).toHaveLength(1);
  expect(happened).toEqual([expect.any(Number), 1]);
  expect(happened[0]).toBeGreaterThan(1);
});

test("a fault of only that happens in no run is told by its name", async () => {
  const faults = { ...noFaults, "message-late": 1 };
  const once = { ...quiet, faults, seeds: [3, 4], invariants: [] };
  const names = new Set<string>();
  const ran = (outcome: { readonly faults: readonly Happened[] }) => {
    for (const fault of outcome.faults) names.add(nameOf(fault));
  };
  await simulate({ ...once, ran });
  const [happens = ""] = names;
  const only = [happens, "kill shelf #7", "kil"];
  expect((await simulate({ ...once, only })).told).toEqual([
    expect.stringMatching(/^The fault "kill shelf #7" of only has happened in no run\. Give/),
    expect.stringMatching(/^The fault "kil" of only has happened in no run\. Give/),
  ]);
  expect((await simulate({ ...once, only: [] })).told).toEqual([]);
});

test("a failure's story is cut in its middle when it is long", async () => {
  const client: typeof sample.workload.client = async ({ call: made }) => {
    const call: Call<typeof desk> = made;
    for (let count = 0; count < 100; count++) await call(desk.orderState, { orderId: "x" });
    throw new Error("hm");
  };
  const workload = { ...sample.workload, clients: 1, client };
  const { failures } = await simulate({ ...quiet, invariants: [], workload, seeds: [3] });
  const [story = []] = failures.map((one) => one.story);
  expect(story).toHaveLength(101);
  expect(story[50]).toMatch(/^… \d+ lines more …$/);
});

test.each([
  [{ seeds: [] }, /There is no seed to run\. Give some/],
  [{ minutes: Number.NaN }, /The minutes are NaN\./],
  [{ minutes: -1 }, /The minutes are -1\./],
  [{ minutes: 10_081 }, /The minutes are 10081\. Give a number from 0 to 10080/],
  [{ minutes: "7" as never }, /The minutes are "7"\./],
  [{ seeds: [1, 1.5] }, /There is no seed 1\.5\. Give whole numbers from 0 to 4294967295\./],
  [{ seeds: [Number.NaN] }, /There is no seed NaN\./],
  [{ seeds: [Number.POSITIVE_INFINITY] }, /There is no seed Infinity\./],
  [{ seeds: [-1] }, /There is no seed -1\./],
  [{ seeds: ["7" as never] }, /There is no seed "7"\./],
  [{ seeds: [2 ** 32] }, /There is no seed 4294967296\./],
  [{ faults: { kill: 5 } }, /The rate of "kill" is 5\. .* from 0 to 1\./],
  [{ only: "kill shelf #7" as never }, /only is "kill shelf #7".* only: \["kill shelf #7"\]/],
  [{ faults: { toString: 0.5 } as never }, /There is no fault "toString"\./],
  [{ faults: JSON.parse('{"__proto__":0.5}') }, /There is no fault "__proto__"\./],
  [{ faults: { kil: 0.5 } as never }, /There is no fault "kil"\. There are: kill, /],
  [{ workload: { ...sample.workload, clients: 1.5 } }, /There are 1\.5 clients\./],
])("what would test nothing, or for ever, is refused: %j", async (wrong, message) => {
  await expect(simulate({ ...quiet, seeds: [1], ...wrong })).rejects.toThrow(message);
});

test.each([
  [[], /There is no topology to simulate\. Give one/],
  [[{ gateway: [], shelf: ["shelf"], desk: ["dsk"] }], /leaves out the module desk\./],
  [[{ shelf: ["shelf"], desk: ["desk"] }], /none that serves HTTP\./],
])("the topologies %j are refused", async (topologies, message) => {
  await expect(simulate({ ...quiet, topologies, seeds: [1] })).rejects.toThrow(message);
});

test("invariants see what the clients of their run have noted, and of no other", async () => {
  const noting = {
    ...quiet,
    workload: {
      ...quiet.workload,
      client: async ({ number, note }: Client) => note(`client ${number} was here`),
    },
    invariants: [
      {
        name: "all came",
        check: async (_call: unknown, _rows: unknown, notes: readonly string[]) =>
          notes.toSorted().map((one) => `${one}.`),
      },
    ],
  };
  const { failures } = await simulate({ ...noting, seeds: [1, 2] });
  const all = [0, 1, 2, 3].map((number) => `all came: client ${number} was here.`);
  expect(failures.map(({ violations }) => violations)).toEqual([all, all]);
});
