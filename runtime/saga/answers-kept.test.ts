import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import {
  command,
  contract,
  declareUses,
  defineModule,
  isTransportError,
  t,
  waitUntil,
} from "../index.ts";
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

const DAY_MS = 86_400_000;
const options = { version: 1, input: BossInput, deadlineMs: 60 * DAY_MS };
const completed = [{ id: "1", outcome: "completed", why: "" }];

async function begun(at: Placement, definition: BossSaga, mishaps: Record<string, Mishap[]> = {}) {
  const plan = new Map(Object.entries(mishaps));
  const modules = [errandsModule(plan, []), bossModule(definition)];
  const shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" }, { key: "k" });
  await shop.settle();
  return {
    shop,
    plan,
    ends: () => shop.events.map(({ payload }) => payload),
    runs: async () => (await shop.call(errands.ledger, {}))["held"]?.runs,
    retry: () =>
      shop.call(operationsOf("boss").cleaveRetrySaga, { name: definition.name, id: "1" }),
    [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose](),
  };
}

function countOf({ folder }: Placed, database: string, table: string): unknown {
  const sqlite = new BetterSqlite3(`${folder}/${database}.db`, { readonly: true });
  const count = sqlite.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  sqlite.close();
  return count;
}

/** Keys of the answers that the errands keep. */
function keysIn({ folder }: Placed): unknown[] {
  const sqlite = new BetterSqlite3(`${folder}/errands.db`, { readonly: true });
  const keys = sqlite.prepare("SELECT key FROM cleave_answer").pluck().all();
  sqlite.close();
  return keys;
}

/** Calls, waits ten days, and calls again. An answer that is lost is waited for as long. */
const patient = bossSaga("boss.patient", options)
  .step("hold", {
    run: async ({ call, now, late }) => {
      try {
        await call(errands.run, { name: "held" });
      } catch (error) {
        if (!isTransportError(error)) throw error;
      }
      return late ? {} : waitUntil(now() + 10 * DAY_MS);
    },
    compensate: ({ call }) => call(errands.undo, { name: "held" }),
  })
  .ending(publishEnd);

describe.each(placements)("a command that a live saga has called, %s,", (at) => {
  test.each([
    ["answered", [], false],
    ["answered, with a restart", [], true],
    ["of unknown outcome", ["answer lost" as const], false],
    ["of unknown outcome, with a restart", ["answer lost" as const], true],
  ])("is not run again after ten days: %s", async (_how, mishaps, restarts) => {
    await using world = await begun(at, patient, { held: mishaps });
    world.plan.clear();
    await world.shop.advance(5 * DAY_MS);
    if (restarts) await world.shop.restart();
    await world.shop.advance(5 * DAY_MS + 3_600_000);
    expect(world.ends()).toEqual(completed);
    expect(await world.runs()).toBe(1);
  });

  test("is not run again by a step that was stuck for ten days", async () => {
    const stuck = bossSaga("boss.stuck", options)
      .pivot("decided", () => {})
      .step("ship", {
        run: async ({ call }) => {
          await call(errands.run, { name: "held" });
          return call(errands.run, { name: "next" });
        },
      })
      .ending(publishEnd);
    await using world = await begun(at, stuck, { next: ["defect"] });
    await world.shop.advance(10 * DAY_MS);
    world.plan.clear();
    expect(await world.retry()).toEqual({ retried: true });
    await world.shop.settle();
    expect(world.ends()).toEqual(completed);
    expect(await world.runs()).toBe(1);
  });

  test("is forgotten a week after its answer, once the saga has ended", async () => {
    await using world = await begun(at, patient);
    await world.shop.advance(9 * DAY_MS);
    expect(countOf(world.shop, "errands", "cleave_answer")).toBe(1);
    await world.shop.advance(2 * DAY_MS);
    expect(world.ends()).toEqual(completed);
    // The command of another saga tells that the first one is over.
    await world.shop.advance(3 * DAY_MS);
    await world.shop.call(boss.begin, { id: "2" });
    await world.shop.advance(3_600_000);
    expect(keysIn(world.shop)).toEqual(["boss.patient/2/hold/0"]);
  });
});

/** Runs an errand under the key of its name, and then "next". */
const agent = contract("agent", {
  send: command({ input: t.Object({ name: t.String() }), output: t.Object({}) }),
});
const agents = declareUses([errands.run]);
const agentModule = defineModule({
  contract: agent,
  uses: agents.uses,
  migrations: [],
  handlers: {
    send: agents.handler(agent.send, async ({ name }, { call, transaction }) => {
      await call(errands.run, { name }, { key: name });
      await call(errands.run, { name: "next" }, { key: `next ${name}` });
      return transaction(() => ({}));
    }),
  },
});

const senders = declareUses([agent.send, errands.run]);

test.each(placements)("a command called for a live saga by another is kept, %s", async (at) => {
  const sending = senders
    .saga("boss.sending", options)
    .pivot("decided", () => {})
    .step("send", { run: ({ call }) => call(agent.send, { name: "held" }) })
    .ending(publishEnd);
  const plan = new Map<string, Mishap[]>([["next", ["defect"]]]);
  const sender = { ...bossModule(sending as never), uses: senders.uses };
  const modules = [errandsModule(plan, []), agentModule, sender];
  await using shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(5 * DAY_MS);
  await shop.call(agent.send, { name: "other" }).catch(() => {});
  await shop.advance(5 * DAY_MS);
  plan.clear();
  const which = { name: "boss.sending", id: "1" };
  expect(await shop.call(operationsOf("boss").cleaveRetrySaga, which)).toEqual({ retried: true });
  await shop.settle();
  expect(shop.events.map(({ payload }) => payload)).toEqual(completed);
  expect((await shop.call(errands.ledger, {}))["held"]).toEqual({ runs: 1, stands: true });
});

describe("a saga that has ended", () => {
  const quick = bossSaga("boss.quick", options)
    .step("hold", { run: ({ call }) => call(errands.run, { name: "held" }) })
    .ending(publishEnd);

  test.each(placements)("is not started again by its id for a year, %s", async (at) => {
    await using world = await begun(at, quick);
    expect(world.ends()).toEqual(completed);
    await world.shop.advance(8 * DAY_MS);
    expect(countOf(world.shop, "boss", "cleave_saga")).toBe(0);
    await world.shop.call(boss.begin, { id: "1" }, { key: "k" });
    await world.shop.settle();
    expect(await world.runs()).toBe(1);
    await world.shop.restart(350 * DAY_MS);
    await world.shop.advance(3_600_000);
    await world.shop.call(boss.begin, { id: "1" });
    await world.shop.settle();
    expect(await world.runs()).toBe(1);
    expect(world.ends()).toEqual(completed);
  });

  test("leaves nothing but its id after a week, and nothing after a year", async () => {
    await using world = await begun("in process", quick);
    await world.shop.advance(8 * DAY_MS);
    expect(countOf(world.shop, "boss", "cleave_past_saga")).toBe(1);
    await world.shop.restart(360 * DAY_MS);
    await world.shop.advance(3_600_000);
    expect(countOf(world.shop, "boss", "cleave_past_saga")).toBe(0);
  });
});
