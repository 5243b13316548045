import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { type Call, waitUntil } from "../index.ts";
import { operationsOf } from "../module/operations.ts";
import { type Placed, type Placement, place, placements } from "../testing/place.ts";
import {
  BossInput,
  type BossSaga,
  boss,
  bossModule,
  bossSaga,
  publishEnd,
} from "../testing/sample/boss.ts";
import { errands, errandsModule, type Mishap } from "../testing/sample/errands.ts";

const options = { version: 1, input: BossInput, deadlineMs: 86_400_000 };
const HOUR_MS = 3_600_000;

/** The saga "1" of this definition, begun beside errands that meet mishaps. */
async function begun(
  at: Placement,
  definition: BossSaga,
  mishaps: { readonly [errand: string]: Mishap[] } = {},
) {
  const plan = new Map(Object.entries(mishaps));
  const modules = [errandsModule(plan, []), bossModule(definition)];
  const shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  return {
    shop,
    plan,
    state: () => stateOf(shop),
    ends: () => shop.events.map(({ payload }) => payload),
    /** How often each errand has been run, by its name. */
    async runs(): Promise<Record<string, number>> {
      const ledger = await shop.call(errands.ledger, {});
      return Object.fromEntries(Object.entries(ledger).map(([name, { runs }]) => [name, runs]));
    },
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

async function stateOf(shop: Placed): Promise<string | undefined> {
  const by = { name: null, state: null, id: "1", limit: 1 };
  const [view] = await shop.call(operationsOf("boss").cleaveSagas, by);
  return view?.state;
}

/** Keys of the answers that the errands keep for the boss. */
function keysIn({ folder }: Placed): string[] {
  const sqlite = new BetterSqlite3(`${folder}/errands.db`, { readonly: true });
  const keys = sqlite
    .prepare<[], string>("SELECT key FROM cleave_answer WHERE caller = 'boss' ORDER BY key")
    .pluck()
    .all();
  sqlite.close();
  return keys;
}

const completed = [{ id: "1", outcome: "completed", why: "" }];

/** Runs an errand with the time in its name, then "b". */
const timed = bossSaga("boss.timed", options)
  .step("a", {
    run: async ({ call, now, newId }) => {
      const untilMs = now() + HOUR_MS;
      const id = newId("err");
      await call(errands.run, { name: `until ${untilMs}` });
      await call(errands.run, { name: id });
      await call(errands.run, { name: "b" });
      return { untilMs, id };
    },
  })
  .step("c", {
    run: async ({ call, done }) => {
      await call(errands.run, { name: `${done.a.id} ${done.a.untilMs}` });
      return null;
    },
  })
  .ending(publishEnd);

describe.each(placements)("a repeated step, %s,", (at) => {
  test("calls with the same time and ids as before", async () => {
    await using world = await begun(at, timed, { b: ["unanswered"] });
    await world.shop.advance(60_000);
    await world.shop.restart();
    await world.shop.advance(60_000);
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual(completed);
    const runs = Object.entries(await world.runs());
    expect(runs.map(([, count]) => count)).toEqual([1, 1, 1, 1]);
    const [until, id] = [runs.find(([name]) => name.startsWith("until")), runs[2]];
    expect(until?.[0]).toBe(`until ${world.shop.now() - 126_000 + HOUR_MS}`);
    expect(id?.[0]).toMatch(/^err_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
  });

  test("undoes with the same time and ids as before", async () => {
    const undoing = bossSaga("boss.undoing", options)
      .step("a", {
        run: ({ call }) => call(errands.run, { name: "a" }),
        compensate: async ({ call, now, newId }) => {
          await call(errands.run, { name: `undone at ${now()}` });
          await call(errands.run, { name: newId("undo") });
          await call(errands.undo, { name: "a" });
        },
      })
      .ending(publishEnd);
    const mishaps = { a: ["refused" as const], "undo a": ["unanswered" as const] };
    await using world = await begun(at, undoing, mishaps);
    await world.shop.advance(60_000);
    await world.shop.restart();
    await world.shop.advance(60_000);
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "a: REFUSED" }]);
    expect(Object.values(await world.runs())).toEqual([1, 1]);
  });

  test("calls once what it called before it waited, though its time is a new one", async () => {
    const times: number[] = [];
    const looking = bossSaga("boss.looking", options)
      .step("look", {
        run: async ({ call, now, late }) => {
          times.push(now());
          await call(errands.run, { name: `held at ${now()}` });
          await call(errands.run, { name: `and at ${now()}` });
          return late ? { at: now() } : waitUntil(now() + HOUR_MS);
        },
      })
      .ending(publishEnd);
    await using world = await begun(at, looking);
    await world.shop.advance(1_000);
    await world.shop.restart();
    await world.shop.advance(2 * HOUR_MS);
    expect(world.ends()).toEqual(completed);
    expect(Object.values(await world.runs())).toEqual([1, 1]);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(HOUR_MS);
  });

  test("calls another procedure after it waited, since it is late", async () => {
    const reminding = bossSaga("boss.reminding", options)
      .step("remind", {
        run: async ({ call, now, late }) => {
          const at = now();
          if (late) return call(errands.undo, { name: `late at ${at}` });
          await call(errands.run, { name: `reminded at ${at}` });
          return waitUntil(at + HOUR_MS);
        },
      })
      .ending(publishEnd);
    await using world = await begun(at, reminding);
    await world.shop.advance(1_000);
    await world.shop.restart();
    await world.shop.advance(2 * HOUR_MS);
    expect(world.ends()).toEqual(completed);
    expect(Object.values(await world.runs())).toEqual([1]);
  });
});

/** Runs "a" and "b" at once, in an order that changes, and then "last". */
function racing(orders: (readonly string[])[], named: boolean): BossSaga {
  return bossSaga("boss.racing", options)
    .step("both", {
      run: async ({ call }) => {
        const [order = ["a", "b"], ...rest] = orders;
        if (rest.length > 0) orders.splice(0, orders.length, ...rest);
        const run = (name: string) => call(errands.run, { name }, named ? { key: name } : {});
        await Promise.all(order.map(run));
        await call(errands.run, { name: "last" });
        return {};
      },
      compensate: ({ call }) => call(errands.undo, { name: "a" }),
    })
    .ending(publishEnd);
}

describe.each(placements)("calls that race for their order, %s,", (at) => {
  const orders = () => [
    ["a", "b"],
    ["b", "a"],
  ];

  test("run once when they have names", async () => {
    await using world = await begun(at, racing(orders(), true), { last: ["unanswered"] });
    await world.shop.advance(10_000);
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual(completed);
    expect(await world.runs()).toEqual({ a: 1, b: 1, last: 1 });
  });

  test("without names leave the saga stuck, not turned back, and say what to do", async () => {
    await using world = await begun(at, racing(orders(), false), { last: ["unanswered"] });
    await world.shop.advance(60_000);
    expect(await world.state()).toBe("stuck");
    expect(world.ends()).toEqual([]);
    expect(await world.runs()).toEqual({ a: 1, b: 1 });
    const said = world.shop.problems.map((one) => Bun.inspect(one)).join("\n");
    expect(said).toContain(
      "The step both of the saga boss.racing 1 called errands.run again with another input " +
        "under the key boss.racing/1/both/",
    );
    expect(said).toContain('call(errands.run, …, { key: "…" })');
  });

  test("and hold the time are not taken for one another after a wait", async () => {
    const clocks = bossSaga("boss.clocks", options)
      .step("both", {
        run: async ({ call, now, late }) => {
          const names = late ? ["b", "a"] : ["a", "b"];
          await Promise.all(
            names.map((name) => call(errands.run, { name: `${name} at ${now()}` })),
          );
          return late ? {} : waitUntil(now() + HOUR_MS);
        },
      })
      .ending(publishEnd);
    await using world = await begun(at, clocks);
    await world.shop.advance(2 * HOUR_MS);
    expect(await world.state()).toBe("stuck");
    expect(Object.values(await world.runs())).toEqual([1, 1]);
  });
});

test("a step that catches its own mistake is stuck all the same", async () => {
  let runs = 0;
  const catching = bossSaga("boss.catching", options)
    .step("a", {
      run: async ({ call }) => {
        await call(errands.run, { name: `run ${runs++}` }).catch(() => {});
        await call(errands.run, { name: "last" });
        return {};
      },
    })
    .ending(publishEnd);
  await using world = await begun("in process", catching, { last: ["unanswered"] });
  await world.shop.advance(60_000);
  expect(await world.state()).toBe("stuck");
  expect(runs).toBe(8);
});

test("the time and ids of a step are the same when the process is gone at any point", async () => {
  for (let nth = 1; ; nth++) {
    await using shop = await place(
      "in process",
      [errandsModule(new Map(), []), bossModule(timed)],
      { duplicate: false },
    );
    const gone = shop.crashAt(nth);
    const began = shop.call(boss.begin, { id: "1" }, { key: "k" }).catch(() => {});
    const point = await Promise.race([gone, began.then(() => shop.settle()).then(() => undefined)]);
    if (point === undefined) break;
    await shop.restart(5_000);
    await shop.call(boss.begin, { id: "1" }, { key: "k" });
    await shop.advance(60_000);
    const ledger = Object.entries(await shop.call(errands.ledger, {}));
    const runs = ledger.map(([, { runs: count }]) => count);
    expect({ nth, point, runs }).toEqual({ nth, point, runs: [1, 1, 1, 1] });
  }
}, 60_000);

describe("the key of a step's call", () => {
  const mixed = bossSaga("boss.mixed", options)
    .step("a", {
      run: async ({ call }) => {
        await call(errands.run, { name: "first" });
        await call(errands.run, { name: "second" }, { key: "hold" });
        await call(errands.run, { name: "third" }, { key: "1" });
        await call(errands.run, { name: "fourth" });
        await call(errands.run, { name: "last" });
        return {};
      },
    })
    .ending(publishEnd);

  test("is its position, or the name that the step gives it", async () => {
    await using world = await begun("in process", mixed);
    await world.shop.settle();
    expect(world.ends()).toEqual(completed);
    expect(keysIn(world.shop)).toEqual([
      'boss.mixed/1/a/"1"',
      'boss.mixed/1/a/"hold"',
      "boss.mixed/1/a/0",
      "boss.mixed/1/a/3",
      "boss.mixed/1/a/4",
    ]);
  });

  test("is its position in a saga that an older version has begun", async () => {
    await using world = await begun("in process", mixed, { last: ["unanswered"] });
    await world.shop.settle();
    const boss = new BetterSqlite3(`${world.shop.folder}/boss.db`);
    boss.exec("UPDATE cleave_saga SET has_named_keys = 0");
    boss.close();
    const older = new BetterSqlite3(`${world.shop.folder}/errands.db`);
    older.exec(`UPDATE cleave_answer SET key = 'boss.mixed/1/a/1' WHERE key LIKE '%hold%';
      UPDATE cleave_answer SET key = 'boss.mixed/1/a/2' WHERE key LIKE '%"1"';`);
    older.close();
    world.plan.clear();
    await world.shop.restart();
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual(completed);
    expect(Object.values(await world.runs())).toEqual([1, 1, 1, 1, 1]);
  });
});

/** The step at which the saga "1" stands on disk. */
function stepIn({ folder }: Placed): number | undefined {
  const sqlite = new BetterSqlite3(`${folder}/boss.db`, { readonly: true });
  const step = sqlite.prepare<[], number>("SELECT step FROM cleave_saga").pluck().get();
  sqlite.close();
  return step;
}

type Calls = Call<typeof errands.run | typeof errands.ledger>;
type First = (call: Calls, now: () => number) => Promise<unknown>;

describe.each(["in process", "over NATS"] as const)("the result of a step, %s,", (at) => {
  test.each<[string, First]>([
    ["has read the clock", async (_call, now) => now()],
    ["has asked", (call) => call(errands.ledger, {})],
    [
      "has called at the same time",
      (call) => Promise.race(["a", "b"].map((name) => call(errands.run, { name }, { key: name }))),
    ],
    ["goes on after a refusal", (call) => call(errands.run, { name: "no" }).catch(() => 0)],
  ])("that %s is on disk before the next step begins", async (_what, run) => {
    const placed = Promise.withResolvers<Placed>();
    const stood: unknown[] = [];
    const definition = bossSaga("boss.looking", options)
      .step("a", {
        run: async ({ call, now }) => {
          await placed.promise;
          await run(call, now);
        },
      })
      .step("b", { run: async () => void stood.push(stepIn(await placed.promise)) })
      .ending(publishEnd);
    await using world = await begun(at, definition, { no: ["refused"] });
    placed.resolve(world.shop);
    await world.shop.advance(1_000);
    expect(stood).toEqual([1]);
    expect(world.ends()).toEqual(completed);
  });
});
