import { describe, expect, test } from "bun:test";
import {
  type Call,
  command,
  contract,
  declareUses,
  defineModule,
  isDeclared,
  t,
  waitUntil,
} from "../index.ts";
import { type Placement, place, placements } from "../testing/place.ts";
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
type Calls = Call<typeof errands.run | typeof errands.undo>;

/** A saga whose one step, after "first", does `run`; it is undone by undoing all errands. */
function doing(
  run: (call: Calls, signal: AbortSignal) => Promise<unknown>,
  undo: (call: Calls) => Promise<unknown> = undoAll,
): BossSaga {
  return bossSaga("boss.doing", options)
    .step("first", { run: async () => null, compensate: ({ call }) => undo(call) })
    .step("step", {
      run: ({ call, signal }) => run(call, signal),
      compensate: ({ call }) => undo(call),
    })
    .ending(publishEnd);
}

async function undoAll(call: Calls): Promise<void> {
  for (const name of ["slow", "quick", "refused"]) await call(errands.undo, { name });
}

async function begun(at: Placement, definition: BossSaga, mishaps: Record<string, Mishap[]>) {
  const plan = new Map(Object.entries(mishaps));
  const modules = [errandsModule(plan, []), bossModule(definition)];
  const shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  return {
    shop,
    plan,
    ends: () => shop.events.map(({ payload }) => payload),
    ledger: () => shop.call(errands.ledger, {}),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

const compensated = [{ id: "1", outcome: "compensated", why: "step: REFUSED" }];
const completed = [{ id: "1", outcome: "completed", why: "" }];

describe.each(placements)("when a step fails, %s,", (at) => {
  const all = (call: Calls) =>
    Promise.all(["slow", "quick", "refused"].map((name) => call(errands.run, { name })));

  test("a call of it that is open does not take effect after the step was undone", async () => {
    const slow = gate();
    await using world = await begun(at, doing(all), {
      slow: [slow.promise],
      refused: ["refused"],
    });
    await world.shop.advance(1_000);
    expect(world.ends()).toEqual(compensated);
    slow.open();
    await world.shop.advance(60_000);
    const { slow: late, quick } = await world.ledger();
    expect(late?.stands ?? false).toBe(false);
    expect(quick?.stands ?? false).toBe(false);
  });

  test("its calls are given up by its own signal, too", async () => {
    const slow = gate();
    const codes: unknown[] = [];
    const own = doing(async (call) => {
      const mine = new AbortController();
      const open = call(errands.run, { name: "slow" }, { signal: mine.signal });
      mine.abort();
      await open.catch((error: { code?: unknown }) => codes.push(error.code));
      return {};
    });
    await using world = await begun(at, own, { slow: [slow.promise] });
    await world.shop.settle();
    expect(codes).toEqual(["CANCELLED"]);
    expect(world.ends()).toEqual(completed);
    slow.open();
    await world.shop.settle();
    expect(await world.ledger()).toEqual({});
  });

  test("its calls are over before it is repeated", async () => {
    const slow = gate();
    await using world = await begun(at, doing(all), {
      slow: [slow.promise],
      refused: ["unanswered"],
    });
    await world.shop.advance(1_000);
    world.plan.clear();
    slow.open();
    await world.shop.advance(20_000);
    expect(world.ends()).toEqual(completed);
    const done = { runs: 1, stands: true };
    expect(await world.ledger()).toEqual({ slow: done, quick: done, refused: done });
  });
});

test("a compensation's open calls are over before it is repeated", async () => {
  const slow = gate();
  const undone: string[] = [];
  const undo = async (call: Calls) => {
    const names = ["slow", "quick"];
    await Promise.all(names.map((name) => call(errands.undo, { name })));
    undone.push(...names);
  };
  const run = (call: Calls) => call(errands.run, { name: "refused" });
  await using world = await begun("in process", doing(run, undo), {
    refused: ["refused"],
    "undo slow": [slow.promise],
    "undo quick": ["unanswered"],
  });
  await world.shop.advance(1_000);
  expect(undone).toEqual([]);
  world.plan.clear();
  slow.open();
  await world.shop.advance(6_000);
  expect(world.ends()).toEqual(compensated);
  expect(undone).toEqual(["slow", "quick", "slow", "quick"]);
});

describe("a call that a step does not await", () => {
  test("ends before the step is over, and is told of when it fails", async () => {
    const slow = gate();
    const floating = doing(async (call) => {
      void call(errands.run, { name: "slow" });
      return {};
    });
    await using world = await begun("in process", floating, { slow: [slow.promise, "refused"] });
    await world.shop.advance(1_000);
    expect(world.ends()).toEqual([]);
    slow.open();
    await world.shop.settle();
    expect(world.ends()).toEqual(completed);
    expect(await world.ledger()).toEqual({ slow: { runs: 1, stands: true } });
    await using other = await begun("in process", floating, { slow: ["refused"] });
    await other.shop.settle();
    expect(other.shop.problems).toContainEqual(
      expect.objectContaining({
        message: "a call that a saga's step did not await has failed",
        step: "step",
      }),
    );
  });

  test("ends before the step waits", async () => {
    const slow = gate();
    let isOpen = true;
    const waiting = doing(async (call) => {
      void call(errands.run, { name: "slow" }).then(() => {
        isOpen = false;
      });
      return isOpen ? waitUntil(0) : {};
    });
    await using world = await begun("in process", waiting, { slow: [slow.promise] });
    await world.shop.advance(1_000);
    expect(isOpen).toBe(true);
    slow.open();
    await world.shop.advance(1_000);
    expect(world.ends()).toEqual(completed);
  });

  test("is refused when the step is over", async () => {
    let leaked: Calls | undefined;
    const leaking = doing(async (call) => {
      leaked = call;
      return {};
    });
    await using world = await begun("in process", leaking, {});
    await world.shop.settle();
    expect(world.ends()).toEqual(completed);
    expect(leaked?.(errands.run, { name: "late" })).rejects.toThrow(
      "The step step of the saga boss.doing 1 called errands.run after it was over.",
    );
  });
});

test("a step's signal aborts when it fails, and not when it returns", async () => {
  const signals: AbortSignal[] = [];
  const keeping = doing(async (call, signal) => {
    signals.push(signal);
    return call(errands.run, { name: "a" });
  });
  await using world = await begun("in process", keeping, { a: ["unanswered"] });
  await world.shop.settle();
  world.plan.clear();
  await world.shop.advance(1_000);
  expect(world.ends()).toEqual(completed);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});

test("a step's call ends at the saga's deadline", async () => {
  const never = gate();
  const hanging = bossSaga("boss.hanging", { ...options, deadlineMs: 2_000 })
    .step("step", {
      run: ({ call }) => call(errands.run, { name: "slow" }),
      compensate: ({ call }) => call(errands.undo, { name: "slow" }),
    })
    .ending(publishEnd);
  await using world = await begun("in process", hanging, { slow: [never.promise] });
  await world.shop.advance(2_300);
  expect(world.ends()).toEqual([{ id: "1", outcome: "compensated", why: "step: DEADLINE" }]);
});

/** Runs errands at once on behalf of others. */
const agent = contract("agent", {
  runAll: command({
    input: t.Object({ names: t.Array(t.String()) }),
    output: t.Object({}),
    errors: { REFUSED: t.Object({}) },
  }),
});
const agents = declareUses([errands.run]);
const agentModule = defineModule({
  contract: agent,
  uses: agents.uses,
  migrations: [],
  handlers: {
    runAll: agents.handler(agent.runAll, async ({ names }, context) => {
      const { call, fail, transaction } = context;
      try {
        await Promise.all(names.map((name) => call(errands.run, { name })));
      } catch (error) {
        if (isDeclared(error, errands.run, "REFUSED")) throw fail("REFUSED", {});
        throw error;
      }
      return transaction(() => ({}));
    }),
  },
});

const senders = declareUses([agent.runAll, errands.undo]);

test.each(placements)("a handler that fails answers when its commands are over, %s", async (at) => {
  const slow = gate();
  const sending = senders
    .saga("boss.sending", options)
    .step("step", {
      run: ({ call }) => call(agent.runAll, { names: ["slow", "refused"] }),
      compensate: ({ call }) => call(errands.undo, { name: "slow" }),
    })
    .ending(publishEnd);
  const plan = new Map<string, Mishap[]>([
    ["slow", [slow.promise]],
    ["refused", ["refused"]],
  ]);
  const sender = { ...bossModule(sending as never), uses: senders.uses };
  const modules = [errandsModule(plan, []), agentModule, sender];
  await using shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(1_000);
  expect(shop.events).toEqual([]);
  slow.open();
  await shop.advance(60_000);
  expect(shop.events.map(({ payload }) => payload)).toEqual(compensated);
  expect(await shop.call(errands.ledger, {})).toEqual({ slow: { runs: 1, stands: false } });
});
