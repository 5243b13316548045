import { describe, expect, test } from "bun:test";
import { handler, SagaRefusal, waitUntil } from "../index.ts";
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

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const options = { version: 1, input: BossInput, deadlineMs: 400 * DAY_MS };

/** A boss with a saga, beside errands that meet mishaps. */
function placed(
  definition: BossSaga,
  about: {
    readonly at?: Placement;
    readonly plan?: Map<string, Mishap[]>;
    readonly lookEveryMs?: number;
  } = {},
): Promise<Placed> {
  const { at = "in process", plan = new Map(), lookEveryMs = HOUR_MS } = about;
  const modules = [errandsModule(plan, []), bossModule(definition)];
  return place(at, modules, { duplicate: false, lookEveryMs });
}

function ends({ events }: Placed): unknown[] {
  return events.map(({ payload }) => payload);
}

async function statesOf(shop: Placed): Promise<string[]> {
  const by = { name: null, state: null, id: null, limit: 200 };
  return (await shop.call(operationsOf("boss").cleaveSagas, by)).map(({ state }) => state);
}

describe.each(placements)("a wait of thirty days, %s,", (at) => {
  /** Asks for thirty days more each time that it is run, until it is late. */
  const monthly = bossSaga("boss.monthly", options)
    .step("wait", {
      run: async ({ late, now }) => (late ? {} : waitUntil(now() + 30 * DAY_MS)),
    })
    .ending(publishEnd);

  test.each([
    ["undisturbed", async () => {}],
    ["woken", (shop: Placed) => shop.call(boss.nudge, { id: "1" })],
    ["restarted", (shop: Placed) => shop.restart()],
  ])("is over after thirty days, %s", async (_, disturb) => {
    await using shop = await placed(monthly, { at, lookEveryMs: DAY_MS });
    await shop.call(boss.begin, { id: "1" });
    for (const days of [5, 20, 4.9]) {
      await shop.advance(days * DAY_MS);
      await disturb(shop);
      await shop.settle();
    }
    expect(ends(shop)).toEqual([]);
    await shop.advance(0.2 * DAY_MS);
    expect(ends(shop)).toEqual([{ id: "1", outcome: "completed", why: "" }]);
  });
});

test("a step whose time was over is late from then on, and waits as long as it says", async () => {
  const looks: [number, boolean][] = [];
  let startMs = 0;
  const reminding = bossSaga("boss.reminding", options)
    .step("remind", {
      run: async ({ late, now }) => {
        looks.push([(now() - startMs) / HOUR_MS, late]);
        return looks.length === 5 ? {} : waitUntil(now() + HOUR_MS * (late ? 3 : 2));
      },
    })
    .ending(publishEnd);
  await using shop = await placed(reminding);
  startMs = shop.now();
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(HOUR_MS);
  await shop.call(boss.nudge, { id: "1" });
  await shop.advance(2 * HOUR_MS);
  await shop.call(boss.nudge, { id: "1" });
  await shop.advance(10 * HOUR_MS);
  expect(looks).toEqual([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
    [6, true],
  ]);
});

test("a wake-up is soon seen although the clock was set back as it was committed", async () => {
  let wakes = 0;
  const woken = bossSaga("boss.woken", options)
    .step("wait", { run: async ({ now }) => (wakes > 0 ? {} : waitUntil(now() + 30 * DAY_MS)) })
    .ending(publishEnd);
  const wired = bossModule(woken);
  const nudge = handler(boss.nudge, ({ id }, { transaction }) =>
    transaction((tx) => {
      tx.wake(woken, id);
      wakes += 1;
      shop.setClock(-5_000);
      return {};
    }),
  );
  const module = { ...wired, handlers: { ...wired.handlers, nudge } };
  const shop = await place("in process", [errandsModule(new Map(), []), module], {
    duplicate: false,
  });
  await using _ = shop;
  await shop.call(boss.begin, { id: "1" });
  await shop.settle();
  await shop.call(boss.nudge, { id: "1" });
  await shop.advance(10_000);
  expect(ends(shop)).toEqual([{ id: "1", outcome: "completed", why: "" }]);
});

test("a wake-up that was committed is not lost, wherever the process is gone then", async () => {
  const look = bossSaga("boss.look", options)
    .step("look", {
      run: async ({ call, now }) => {
        const seen = (await call(errands.ledger, {}))["seen"];
        return seen === undefined ? waitUntil(now() + DAY_MS) : seen;
      },
    })
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .ending(publishEnd);
  let points = 0;
  for (let nth = 1; ; nth++) {
    await using shop = await placed(look);
    await shop.call(boss.begin, { id: "1" });
    await shop.settle();
    await shop.call(errands.run, { name: "seen" }, { key: "seen" });
    const gone = shop.crashAt(nth);
    const nudged = shop.call(boss.nudge, { id: "1" }, { key: "n" }).catch(() => {});
    const point = await Promise.race([gone, nudged.then(() => shop.settle()).then(() => "")]);
    if (point === "") break;
    points += 1;
    await shop.restart();
    await shop.call(boss.nudge, { id: "1" }, { key: "n" });
    await shop.advance(10_000);
    const ledger = await shop.call(errands.ledger, {});
    expect({ point, a: ledger["a"]?.runs, state: await statesOf(shop) }).toEqual({
      ...{ point, a: 1, state: ["completed"] },
    });
  }
  expect(points).toBeGreaterThan(5);
}, 60_000);

describe("sagas that wait take no place from others, nor do those that", () => {
  const MANY = 4_500;
  const forward = (name: string) =>
    bossSaga("boss.choosy", options)
      .step("look", {
        run: async ({ id, call, now }) => {
          if (id === "last") return {};
          if (name === "fail") throw new RangeError("It fell.");
          if (name === "call") return call(errands.run, { name: "a" });
          return waitUntil(now() + DAY_MS);
        },
      })
      .ending(publishEnd);

  test.each([["wait"], ["call"], ["fail"]])(
    "%s, also after a restart",
    async (name) => {
      const plan = new Map<string, Mishap[]>([["a", ["unanswered"]]]);
      await using shop = await placed(forward(name), { plan });
      const ids = Array.from({ length: MANY }, (_, index) => `w${index}`);
      for (let from = 0; from < MANY; from += 500) {
        const some = ids.slice(from, from + 500);
        await Promise.all(some.map((id) => shop.call(boss.begin, { id })));
        await shop.settle();
      }
      if (name === "wait") await shop.restart();
      await shop.call(boss.begin, { id: "last" });
      await shop.advance(1_000);
      expect(ends(shop)).toEqual([{ id: "last", outcome: "completed", why: "" }]);
    },
    60_000,
  );
});

test("after a restart those that are due run in the order of their due times", async () => {
  const ran: string[] = [];
  let isWaiting = true;
  const queueing = bossSaga("boss.queueing", options)
    .step("queue", {
      run: async ({ id, now }) => {
        if (isWaiting) return waitUntil(now() + HOUR_MS);
        ran.push(id);
        return {};
      },
    })
    .ending(publishEnd);
  await using shop = await placed(queueing);
  const ids = Array.from({ length: 60 }, (_, index) => `w${99 - index}`);
  for (const id of ids) {
    await shop.call(boss.begin, { id });
    await shop.advance(1_000);
  }
  isWaiting = false;
  await shop.restart(2 * HOUR_MS);
  await shop.settle();
  expect(ran).toEqual(ids);
});

test("a retry is not put off by a clock that is set back", async () => {
  const plan = new Map<string, Mishap[]>([["a", ["unanswered"]]]);
  const calling = bossSaga("boss.calling", options)
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .ending(publishEnd);
  await using shop = await placed(calling, { plan });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(10_000);
  shop.setClock(-DAY_MS);
  plan.clear();
  await shop.advance(15_000);
  expect(await statesOf(shop)).toEqual(["completed"]);
});

test("a wait is over at its time although the clock was wrong while it began", async () => {
  const late = bossSaga("boss.late", options)
    .step("wait", {
      run: async ({ late: isLate, now }) => {
        if (isLate) throw new SagaRefusal("TOO_LATE");
        return waitUntil(now() + HOUR_MS);
      },
    })
    .ending(publishEnd);
  await using shop = await placed(late, { lookEveryMs: 60_000 });
  await shop.call(boss.begin, { id: "1" });
  shop.setClock(-HOUR_MS);
  await shop.advance(1.9 * HOUR_MS);
  expect(ends(shop)).toEqual([]);
  await shop.advance(0.2 * HOUR_MS);
  expect(ends(shop)).toMatchObject([{ why: "wait: TOO_LATE" }]);
});

test.each(placements)("a query that waits for a saga ends when it is given up, %s", async (at) => {
  const waiting = bossSaga("boss.waiting", options)
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .ending(publishEnd);
  await using shop = await placed(waiting, { at, plan: new Map([["a", ["unanswered"]]]) });
  await shop.call(boss.begin, { id: "1" });
  const hangUp = new AbortController();
  const within = { id: "1", withinMs: DAY_MS };
  const asked = shop.call(boss.wait, within, { signal: hangUp.signal }).catch(same);
  await shop.advance(1_000);
  expect(shop.inFlight("boss")).toBe(1);
  hangUp.abort();
  expect(await asked).toMatchObject({ code: "CANCELLED" });
  await shop.settle();
  expect(shop.inFlight("boss")).toBe(0);
});

function same(error: unknown): unknown {
  return error;
}

test("one that is asked for is settled when it waits, not while it is tried again", async () => {
  const plan = new Map<string, Mishap[]>([["a", ["unanswered"]]]);
  const patient = bossSaga("boss.patient", options)
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .step("wait", { run: async ({ now }) => waitUntil(now() + DAY_MS) })
    .ending(publishEnd);
  await using shop = await placed(patient, { plan });
  await shop.call(boss.begin, { id: "1" });
  let isSettled = false;
  const asked = shop.call(boss.wait, { id: "1", withinMs: DAY_MS }).then(() => {
    isSettled = true;
  });
  await shop.advance(60_000);
  expect(isSettled).toBe(false);
  plan.clear();
  await shop.advance(6_000);
  await asked;
  expect(await statesOf(shop)).toEqual(["waiting"]);
});
