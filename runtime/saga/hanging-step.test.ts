import { describe, expect, test } from "bun:test";
import { place, placements } from "../testing/place.ts";
import { BossInput, boss, bossModule, bossSaga, publishEnd } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";

const options = { version: 1, input: BossInput, deadlineMs: 600_000 };

/** A saga whose step does not settle the first `times` times that it runs. */
function hanging(times: number, about: Partial<typeof options> = {}) {
  let runs = 0;
  const definition = bossSaga("boss.hanging", { ...options, ...about })
    .step("first", {
      run: ({ call }) => call(errands.run, { name: "first" }),
      compensate: ({ call }) => call(errands.undo, { name: "first" }),
    })
    .step("hang", {
      run: async ({ call }) => {
        await call(errands.run, { name: "before" });
        runs += 1;
        if (runs <= times) await new Promise(() => {});
        return call(errands.run, { name: "after" });
      },
    })
    .ending(publishEnd);
  return { modules: [errandsModule(new Map(), []), bossModule(definition)], runs: () => runs };
}

const ended = (outcome: string, why: string) => [{ id: "1", outcome, why }];

describe.each(placements)("a step that never settles, %s,", (at) => {
  test("is given up after ten seconds without a call, and tried again", async () => {
    const { modules, runs } = hanging(1);
    await using shop = await place(at, modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(9_500);
    expect(runs()).toBe(1);
    await shop.advance(2_000);
    expect(runs()).toBe(2);
    expect(shop.events.map(({ payload }) => payload)).toEqual(ended("completed", ""));
    const { before, after } = await shop.call(errands.ledger, {});
    expect([before?.runs, after?.runs]).toEqual([1, 1]);
    expect(JSON.stringify(shop.problems)).toContain('"step":"hang"');
  });

  test("does not keep its saga from turning back at its deadline", async () => {
    const { modules } = hanging(Number.POSITIVE_INFINITY, { deadlineMs: 15_000 });
    await using shop = await place(at, modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(40_000);
    const ends = shop.events.map(({ payload }) => payload);
    expect(ends).toEqual(ended("compensated", "hang: DEADLINE"));
  });

  test("does not keep its module from a graceful stop, and goes on at the next start", async () => {
    const { modules } = hanging(1);
    await using shop = await place(at, modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(1_000);
    const stopped = shop.stop();
    await shop.advance(11_000);
    await stopped;
    await shop.restart();
    await shop.advance(1_000);
    expect(shop.events.map(({ payload }) => payload)).toEqual(ended("completed", ""));
  });
});

test("a step may wait longer for a call that has the time", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const patient = bossSaga("boss.patient", options)
    .step("wait", {
      run: ({ call }) => call(errands.run, { name: "long" }, { deadlineMs: 60_000 }),
    })
    .ending(publishEnd);
  const modules = [errandsModule(new Map([["long", [promise]]]), []), bossModule(patient)];
  await using shop = await place("in process", modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.advance(50_000);
  resolve();
  await shop.settle();
  expect(shop.events.map(({ payload }) => payload)).toEqual(ended("completed", ""));
  expect(shop.problems).toEqual([]);
});
