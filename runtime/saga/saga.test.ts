import { describe, expect, test } from "bun:test";
import { reads, SagaRefusal, waitUntil } from "../index.ts";
import { operationsOf } from "../module/operations.ts";
import { type Placed, place } from "../testing/place.ts";
import {
  BossInput,
  type BossSaga,
  boss,
  bossModule,
  bossSaga,
  publishEnd,
} from "../testing/sample/boss.ts";
import { errands, errandsModule, type Mishap } from "../testing/sample/errands.ts";

const options = { version: 1, input: BossInput, deadlineMs: 60_000 };

/** Runs a, b, passes the pivot, runs c. */
const threeErrands = bossSaga("boss.three-errands", options)
  .step("a", {
    run: ({ call }) => call(errands.run, { name: "a" }),
    compensate: ({ call }) => call(errands.undo, { name: "a" }),
  })
  .step("b", {
    run: ({ call }) => call(errands.run, { name: "b" }),
    compensate: ({ call }) => call(errands.undo, { name: "b" }),
  })
  .pivot("decided", () => {})
  .step("c", { run: ({ call }) => call(errands.run, { name: "c" }) })
  .ending(publishEnd);

/** A boss with these sagas beside errands that meet mishaps; the saga "1" has been begun. */
async function begun(mishaps: { readonly [errand: string]: Mishap[] }, ...sagas: BossSaga[]) {
  const trail: string[] = [];
  const plan = new Map(Object.entries(mishaps));
  const [first = threeErrands, ...others] = sagas;
  const modules = [errandsModule(plan, trail), bossModule(first, ...others)];
  const shop = await place("in process, encoded", modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  return {
    shop,
    plan,
    trail,
    modules,
    /** The state of the saga "1", and how it ended. */
    state: () => stateOf(shop, "1"),
    ends: () => shop.events.map(({ payload }) => payload),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

async function stateOf(shop: Placed, id: string): Promise<string | undefined> {
  const by = { name: null, state: null, id, limit: 1 };
  const [view] = await shop.call(operationsOf("boss").cleaveSagas, by);
  return view?.state;
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

describe("a saga before its pivot", () => {
  test("repeats a step that got no answer until it gets one", async () => {
    await using world = await begun({ b: ["unanswered"] });
    await world.shop.settle();
    expect(world.trail).toEqual(["a"]);
    expect(await world.state()).toBe("running");
    world.plan.delete("b");
    await world.shop.advance(1_000);
    expect(world.trail).toEqual(["a", "b", "c"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "completed", why: "" }]);
  });

  test("runs a step once whose answers were lost", async () => {
    await using world = await begun({ b: ["answer lost"] });
    await world.shop.advance(1_000);
    world.plan.delete("b");
    await world.shop.advance(5_000);
    expect(await world.state()).toBe("completed");
    expect(await world.shop.call(errands.ledger, {})).toMatchObject({
      b: { runs: 1, stands: true },
    });
  });

  test("turns back at its deadline and undoes the unanswered step too", async () => {
    await using world = await begun({ b: ["unanswered"] });
    await world.shop.advance(59_000);
    expect(world.ends()).toEqual([]);
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "b: DEADLINE" }]);
    expect(world.trail).toEqual(["a", "undo b", "undo a"]);
    expect(await world.shop.call(errands.ledger, {})).toEqual({ a: { runs: 1, stands: false } });
  });

  test("turns back at once when a step is refused, newest step first", async () => {
    await using world = await begun({ b: ["refused"] });
    await world.shop.settle();
    expect(world.trail).toEqual(["a", "undo b", "undo a"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "b: REFUSED" }]);
  });

  test("undoes a step as often as it takes", async () => {
    const undo: Mishap[] = [...Array<Mishap>(10).fill("defect"), "unanswered"];
    await using world = await begun({ b: ["refused"], "undo a": undo });
    await world.shop.advance(60_000);
    expect(await world.state()).toBe("compensating");
    world.plan.delete("undo a");
    await world.shop.advance(6_000);
    expect(world.trail).toEqual(["a", "undo b", "undo a"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "b: REFUSED" }]);
  });

  test("goes on undoing where it was, after a restart", async () => {
    await using world = await begun({ b: ["refused"], "undo a": ["unanswered"] });
    await world.shop.settle();
    await world.shop.restart();
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.trail).toEqual(["a", "undo b", "undo a"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "b: REFUSED" }]);
  });

  test("turns back when its pivot refuses", async () => {
    const refusing = bossSaga("boss.refusing", options)
      .step("a", {
        run: ({ call }) => call(errands.run, { name: "a" }),
        compensate: ({ call }) => call(errands.undo, { name: "a" }),
      })
      .pivot("decided", (tx) => {
        tx.emit(boss.ended, { id: "1", outcome: "decided", why: "undone with the pivot" });
        throw new SagaRefusal("TOO_LATE");
      })
      .ending(publishEnd);
    await using world = await begun({}, refusing);
    await world.shop.settle();
    expect(world.trail).toEqual(["a", "undo a"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "decided: TOO_LATE" }]);
  });
});

describe("a saga is not stuck, but goes on when it can, for want of", () => {
  test("a neighbour's disk", async () => {
    await using world = await begun({ a: ["disk"], c: ["disk"] });
    await world.shop.advance(50_000);
    expect(await world.state()).toBe("running");
    world.plan.delete("a");
    await world.shop.advance(50_000);
    expect(await world.state()).toBe("running");
    world.plan.delete("c");
    await world.shop.advance(6_000);
    expect(world.ends()).toEqual([{ id: "1", outcome: "completed", why: "" }]);
  });

  test("room for its pivot or its end", async () => {
    const much = "x".repeat(400_000);
    let full = { pivot: true, end: true };
    const writing = bossSaga("boss.writing", options)
      .pivot("decided", (tx) => {
        for (let times = full.pivot ? 4 : 0; times > 0; times--) {
          tx.emit(boss.ended, { id: "1", outcome: "too much", why: much });
        }
        tx.emit(boss.ended, { id: "1", outcome: "decided", why: "" });
      })
      .ending((tx) => {
        for (let times = full.end ? 4 : 0; times > 0; times--) {
          tx.emit(boss.ended, { id: "1", outcome: "too much", why: much });
        }
        tx.emit(boss.ended, { id: "1", outcome: "ended", why: "" });
      });
    const schema = {};
    reads(schema, (db) => db.run("PRAGMA max_page_count = 200"));
    const modules = [errandsModule(new Map(), []), { ...bossModule(writing), schema }] as const;
    await using shop = await place("in process, encoded", modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(50_000);
    expect(await stateOf(shop, "1")).toBe("running");
    full = { pivot: false, end: true };
    await shop.advance(50_000);
    expect(await stateOf(shop, "1")).toBe("running");
    full = { pivot: false, end: false };
    await shop.advance(6_000);
    expect(shop.events.map(({ payload }) => payload)).toMatchObject([
      { outcome: "decided" },
      { outcome: "ended" },
    ]);
  });
});

describe("a saga that is stuck before its pivot", () => {
  test.each([[false], [true]])(
    "turns back at its deadline; with a restart before: %p",
    async (restarts) => {
      await using world = await begun({ b: ["defect"] });
      await world.shop.advance(50_000);
      expect(await world.state()).toBe("stuck");
      if (restarts) await world.shop.restart();
      await world.shop.advance(9_000);
      expect(world.ends()).toEqual([]);
      await world.shop.advance(2_000);
      expect(world.trail).toEqual(["a", "undo b", "undo a"]);
      expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "b: DEADLINE" }]);
    },
  );
});

describe("a saga after its pivot", () => {
  test("repeats a step long past its deadline, and never turns back", async () => {
    await using world = await begun({ c: ["unanswered"] });
    await world.shop.advance(600_000);
    expect(await world.state()).toBe("running");
    await world.shop.restart();
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.trail).toEqual(["a", "b", "c"]);
    expect(world.ends()).toEqual([{ id: "1", outcome: "completed", why: "" }]);
  });

  test.each([["defect" as const], ["refused" as const]])(
    "is stuck after eight times a %s, stays so, and goes on when it is retried",
    async (mishap) => {
      await using world = await begun({ c: [mishap] });
      await world.shop.advance(60_000);
      expect(await world.state()).toBe("stuck");
      expect(world.shop.problems).toContainEqual(
        expect.objectContaining({ message: "saga stuck", saga: "boss.three-errands", attempts: 8 }),
      );
      world.plan.clear();
      await world.shop.restart();
      await world.shop.advance(60_000);
      expect(await world.state()).toBe("stuck");

      const { cleaveRetrySaga } = operationsOf("boss");
      const which = { name: "boss.three-errands", id: "1" };
      expect(await world.shop.call(cleaveRetrySaga, which)).toEqual({ retried: true });
      await world.shop.settle();
      expect(world.ends()).toEqual([{ id: "1", outcome: "completed", why: "" }]);
      expect(await world.shop.call(cleaveRetrySaga, which)).toEqual({ retried: false });
      expect(world.trail).toEqual(["a", "b", "c"]);
    },
  );
});

test("a stuck saga that was retried goes on after a crash too", async () => {
  await using world = await begun({ c: ["defect"] });
  await world.shop.advance(60_000);
  expect(await world.state()).toBe("stuck");
  world.plan.set("c", ["unanswered"]);
  const { cleaveRetrySaga } = operationsOf("boss");
  const which = { name: "boss.three-errands", id: "1" };
  expect(await world.shop.call(cleaveRetrySaga, which)).toEqual({ retried: true });
  await world.shop.restart();
  world.plan.clear();
  await world.shop.advance(6_000);
  expect(world.ends()).toEqual([{ id: "1", outcome: "completed", why: "" }]);
});

describe("a saga whose end cannot be written", () => {
  const clumsy = (end: { fails: boolean }) =>
    bossSaga("boss.clumsy", options)
      .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
      .ending((tx, about) => {
        if (end.fails) throw new RangeError("no end");
        publishEnd(tx, about);
      });

  test.each([
    ["completed", {}, "completed"],
    ["compensated", { a: ["refused" as const] }, "compensated"],
  ])("is stuck when it should be %s, and ends when it is retried", async (...row) => {
    const [, mishaps, outcome] = row;
    const end = { fails: true };
    await using world = await begun(mishaps, clumsy(end));
    await world.shop.advance(60_000);
    expect(await world.state()).toBe("stuck");
    expect(world.shop.problems).toContainEqual(
      expect.objectContaining({ message: "saga stuck", step: "end", attempts: 8 }),
    );
    end.fails = false;
    const { cleaveRetrySaga } = operationsOf("boss");
    await world.shop.call(cleaveRetrySaga, { name: "boss.clumsy", id: "1" });
    await world.shop.settle();
    expect(world.ends()).toMatchObject([{ id: "1", outcome }]);
  });
});

describe("a waiting saga", () => {
  /** Runs "look" until it has been run twice; in between it waits for an hour. */
  const patient = bossSaga("boss.patient", { ...options, deadlineMs: 86_400_000 })
    .step("look", {
      run: async ({ call, now }) => {
        await call(errands.run, { name: "look" });
        const seen = (await call(errands.ledger, {}))["seen"];
        return seen === undefined ? waitUntil(now() + 3_600_000) : seen;
      },
    })
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .ending(publishEnd);

  test("looks again when it is woken while it is looking", async () => {
    const looking = gate();
    await using world = await begun({ look: [looking.promise] }, patient);
    const { shop } = world;
    await shop.call(boss.nudge, { id: "1" });
    world.plan.clear();
    await shop.call(errands.run, { name: "seen" }, { key: "seen" });
    await shop.call(boss.nudge, { id: "1" });
    looking.open();
    await shop.settle();
    expect(await world.state()).toBe("completed");
  });

  test("looks again when it was woken after it looked and before it rests", async () => {
    await using world = await begun({}, patient);
    const { shop, trail } = world;
    await shop.settle();
    expect(trail).toEqual(["look"]);
    await Promise.all([1, 2, 3].map(() => shop.call(boss.nudge, { id: "1" })));
    await shop.call(errands.run, { name: "seen" });
    await shop.call(boss.nudge, { id: "1" });
    await shop.settle();
    expect(await world.state()).toBe("completed");
  });

  test("looks again when its time comes, also when a restart lies between", async () => {
    await using world = await begun({}, patient);
    await world.shop.settle();
    expect(await world.state()).toBe("waiting");
    await world.shop.restart();
    await world.shop.settle();
    await world.shop.call(errands.run, { name: "seen" });
    await world.shop.advance(3_500_000);
    expect(await world.state()).toBe("waiting");
    await world.shop.advance(100_000);
    expect(await world.state()).toBe("completed");
  });

  test("is given no more time by a restart", async () => {
    const hour = bossSaga("boss.hour", { ...options, deadlineMs: 86_400_000 })
      .step("wait", {
        run: async ({ late, now }) => {
          if (late) throw new SagaRefusal("TOO_LATE");
          return waitUntil(now() + 3_600_000);
        },
      })
      .ending(publishEnd);
    await using world = await begun({}, hour);
    await world.shop.advance(3_000_000);
    await world.shop.restart();
    await world.shop.advance(700_000);
    expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "wait: TOO_LATE" }]);
  });

  test("looks no more often for a restart than it asked to", async () => {
    let looks = 0;
    const hourly = bossSaga("boss.hourly", { ...options, deadlineMs: 86_400_000 })
      .step("look", {
        run: async ({ now }) => {
          looks += 1;
          return waitUntil(now() + 3_600_000);
        },
      })
      .ending(publishEnd);
    await using world = await begun({}, hourly);
    await world.shop.advance(3_000_000);
    await world.shop.restart();
    await world.shop.advance(700_000);
    expect(looks).toBe(2);
    await world.shop.advance(3_600_000);
    expect(looks).toBe(3);
  });

  test("keeps no other from beginning, however many wait", async () => {
    const choosy = bossSaga("boss.choosy", { ...options, deadlineMs: 86_400_000 })
      .step("look", {
        run: async ({ id, now }) => (id === "last" ? null : waitUntil(now() + 3_600_000)),
      })
      .ending(publishEnd);
    await using world = await begun({}, choosy);
    const ids = Array.from({ length: 1_500 }, (_, index) => `w${index}`);
    await Promise.all(ids.map((id) => world.shop.call(boss.begin, { id })));
    await world.shop.settle();
    await world.shop.call(boss.begin, { id: "last" });
    await world.shop.settle();
    expect(world.ends()).toEqual([{ id: "last", outcome: "completed", why: "" }]);
  });

  test("is running, not waiting, once it has gone on after a restart", async () => {
    const held = gate();
    await using world = await begun({ a: [held.promise] }, patient);
    await world.shop.settle();
    await world.shop.call(errands.run, { name: "seen" });
    await world.shop.restart();
    await world.shop.call(boss.nudge, { id: "1" });
    await world.shop.advance(1);
    expect(await world.state()).toBe("running");
    held.open();
    await world.shop.settle();
    expect(await world.state()).toBe("completed");
  });
});

describe("a saga's definition", () => {
  const named = (version: number, errand: string) =>
    bossSaga("boss.versioned", { ...options, version })
      .step("hold", { run: ({ call }) => call(errands.run, { name: "hold" }) })
      .step("then", { run: ({ call }) => call(errands.run, { name: errand }) })
      .ending(publishEnd);
  const [old, current] = [named(1, "old way"), named(2, "new way")];

  test("is that of the version which it was started with", async () => {
    await using world = await begun({ hold: ["unanswered"] }, old);
    await world.shop.settle();
    world.modules[1] = bossModule(current, old);
    await world.shop.restart();
    await world.shop.call(boss.begin, { id: "2" });
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(world.trail.toSorted()).toEqual(["hold", "hold", "new way", "old way"]);
  });

  test("must be there while a saga of it is under way", async () => {
    await using world = await begun({ hold: ["unanswered"] }, old);
    await world.shop.settle();
    world.modules[1] = bossModule(current);
    await expect(world.shop.restart()).rejects.toThrow(
      "A saga boss.versioned of version 1 is under way, but the module has no definition of it. " +
        "Keep that version in the module's sagas until none is left.",
    );
    world.modules[1] = bossModule(current, old);
    await world.shop.restart();
    world.plan.clear();
    await world.shop.advance(6_000);
    expect(await world.state()).toBe("completed");
    world.modules[1] = bossModule(current);
    await world.shop.restart();
  });

  test("has each step once", () => {
    const one = bossSaga("boss.double", options).step("a", { run: async () => null });
    expect(() => one.step("a", { run: async () => null })).toThrow(
      "The saga boss.double has two steps called a.",
    );
  });
});

test("a saga that is begun twice runs once", async () => {
  await using world = await begun({});
  await world.shop.call(boss.begin, { id: "1" });
  await world.shop.settle();
  await world.shop.call(boss.begin, { id: "1" });
  await world.shop.settle();
  expect(world.trail).toEqual(["a", "b", "c"]);
  expect(world.ends()).toHaveLength(1);
});
