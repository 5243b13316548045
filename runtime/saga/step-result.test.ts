import { describe, expect, test } from "bun:test";
import { SagaRefusal, saga, t } from "../index.ts";
import { operationsOf } from "../module/operations.ts";
import { type Placed, place, placements } from "../testing/place.ts";
import {
  BossInput,
  type BossSaga,
  boss,
  bossModule,
  bossSaga,
  publishEnd,
} from "../testing/sample/boss.ts";
import { errands, errandsModule, type Mishap } from "../testing/sample/errands.ts";

const options = { version: 1, input: BossInput, deadlineMs: 600_000 };

function placed(
  at: (typeof placements)[number],
  definition: BossSaga,
  plan: { readonly [errand: string]: Mishap[] } = {},
): Promise<Placed> {
  const modules = [errandsModule(new Map(Object.entries(plan)), []), bossModule(definition)];
  return place(at, modules, { duplicate: false });
}

async function stateOf(shop: Placed): Promise<string | undefined> {
  const by = { name: null, state: null, id: "1", limit: 1 };
  const [view] = await shop.call(operationsOf("boss").cleaveSagas, by);
  return view?.state;
}

/** A saga whose step "b" does `run`, which may return what no type lets through. */
function doing(run: () => unknown): BossSaga {
  return bossSaga("boss.doing", options)
    .step("a", {
      run: ({ call }) => call(errands.run, { name: "a" }),
      compensate: ({ call }) => call(errands.undo, { name: "a" }),
    })
    .step("b", { run: async () => run() })
    .ending(publishEnd);
}

const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

const unfit: readonly (readonly [name: string, value: unknown, problem: string])[] = [
  ["a Date", { at: new Date(0) }, "is an instance of Date at /at"],
  ["a Map", new Map([["a", 1]]), "is an instance of Map"],
  ["bytes", new Uint8Array(2), "is an instance of Uint8Array"],
  ["NaN", Number.NaN, "is NaN"],
  ["undefined in an array", [undefined], "is undefined at /0"],
  ["a BigInt", { n: 10n }, "is a bigint at /n"],
  ["a cycle", cyclic, "refers to itself at /self"],
  ["too much", "x".repeat(2_000_000), "is 2000002 bytes of JSON"],
];

describe.each(unfit)("a step with %s", (_name, value, problem) => {
  test.each([
    ["as its result", () => value, "The result of the step b of boss.doing"],
    [
      "as the data of its refusal",
      () => {
        throw new SagaRefusal("NO", value);
      },
      "The data of the refusal NO",
    ],
    [
      "as the data of a declared error",
      () => {
        throw Object.assign(new Error("no"), { name: "DomainError", code: "NO", data: value });
      },
      "The data of the refusal NO",
    ],
  ])("%s is stuck after eight attempts, and says where", async (_as, run, where) => {
    let runs = 0;
    const counted = () => {
      runs += 1;
      return run();
    };
    await using shop = await placed("in process", doing(counted));
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(120_000);
    expect(await stateOf(shop)).toBe("stuck");
    expect(shop.eventsOf("boss").stuckSagas).toMatchObject({ count: 1 });
    expect(runs).toBe(8);
    expect(shop.problems).toContainEqual(
      expect.objectContaining({ message: "saga stuck", saga: "boss.doing", step: "b" }),
    );
    const said = shop.problems.map((one) => Bun.inspect(one)).join("\n");
    expect(said).toContain(`${where} ${problem}`);
    await shop.advance(600_000);
    expect(shop.events.map(({ payload }) => payload)).toEqual([
      { id: "1", outcome: "compensated", why: "b: DEADLINE" },
    ]);
  });
});

/** What a step, a repeated step, the pivot and the end see of results and of the input. */
function seenBy(seen: unknown[]): BossSaga {
  const input = t.Object({ id: t.String(), n: t.Optional(t.Number()) });
  return bossSaga("boss.seeing", { ...options, input })
    .step("a", {
      run: async ({ input: given }) => ({ zero: -0, gone: given.n, list: [1], none: null }),
    })
    .step("nothing", { run: async () => undefined })
    .step("b", {
      run: async ({ call, input: given, done }) => {
        seen.push(structuredClone({ given, done }), Object.is(done.a.zero, 0));
        done.a.list.push(2);
        given.id += " changed";
        Object.assign(done, { b: "early" });
        await call(errands.run, { name: "b" });
        return {};
      },
    })
    .pivot("decided", (_tx, { input: given, done }) => {
      seen.push(structuredClone({ given, done }));
      done.a.list.push(3);
      given.id += " changed";
    })
    .step("c", {
      run: async ({ input: given, done }) => {
        seen.push(structuredClone({ given, done }));
        return null;
      },
    })
    .ending(publishEnd) as BossSaga;
}

const given = { id: "1" };
const done = { a: { zero: 0, list: [1], none: null }, nothing: null };

test.each(placements)("what a step is given is the same each time it runs, %s", async (at) => {
  const seen: unknown[] = [];
  await using shop = await placed(at, seenBy(seen), { b: ["unanswered", "refused"] });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(2_000);
  expect(seen).toEqual([{ given, done }, true, { given, done }, true]);
  expect(shop.events.map(({ payload }) => payload)).toEqual([
    { id: "1", outcome: "compensated", why: "b: REFUSED" },
  ]);
});

test.each(placements)("results are the same after a restart, %s", async (at) => {
  const seen: unknown[] = [];
  const plan: Mishap[] = ["unanswered", "unanswered", new Promise<void>(() => {})];
  await using shop = await placed(at, seenBy(seen), { b: plan });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(1_000);
  await shop.restart();
  await shop.advance(20_000);
  const strict = seen.filter((one) => typeof one === "object");
  expect(strict.length).toBeGreaterThan(3);
  for (const one of strict) expect(one).toStrictEqual({ given, done });
});

test.each(placements)("a result is what it was when its step returned, %s", async (at) => {
  const seen: unknown[] = [];
  const definition = bossSaga("boss.late", options)
    .step("a", {
      run: async ({ call }) => {
        const list = [1];
        call(errands.run, { name: "a" }).then(() => list.push(2));
        return list;
      },
    })
    .step("b", { run: async ({ done: { a } }) => void seen.push(a) })
    .ending(publishEnd);
  await using shop = await placed(at, definition);
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(1_000);
  expect(seen).toEqual([[1]]);
  expect(shop.events.map(({ payload }) => payload)).toEqual([
    { id: "1", outcome: "completed", why: "" },
  ]);
});

test("results are the same for the pivot and after it", async () => {
  const seen: unknown[] = [];
  await using shop = await placed("in process", seenBy(seen));
  await shop.call(boss.begin, { id: "1" });
  await shop.settle();
  const all = { ...done, b: {} };
  expect(seen).toStrictEqual([{ given, done }, true, { given, done: all }, { given, done: all }]);
});

test("a saga's input survives JSON", () => {
  const date = { ...t.String(), [Symbol.for("TypeBox.Kind")]: "Date" } as never;
  expect(() => saga("boss.dated", { ...options, input: t.Object({ at: date }) })).toThrow(
    "The saga boss.dated input.at uses the schema kind Date, which does not survive a trip",
  );
});
