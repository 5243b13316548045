import { describe, expect, test } from "bun:test";
import BetterSqlite3 from "better-sqlite3";
import { waitUntil } from "../index.ts";
import { type Placement, place, placements } from "../testing/place.ts";
import {
  BossInput,
  type BossSaga,
  boss,
  bossModule,
  bossSaga,
  publishEnd,
} from "../testing/sample/boss.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { shelfModule } from "../testing/sample/shelf.ts";
import { turns } from "../testing/stillness.ts";

const HOUR_MS = 3_600_000;

/**
 * A saga of these steps: "wait" waits for an hour, "pivot …" is the pivot, others run an errand.
 */
function walk(version: number, ...names: readonly string[]): BossSaga {
  const options = { version, input: BossInput, deadlineMs: 24 * HOUR_MS };
  let built: ReturnType<typeof bossSaga> = bossSaga("boss.walk", options) as never;
  for (const name of names) {
    if (name.startsWith("pivot ")) {
      built = built.pivot(name.slice(6), () => {}) as never;
      continue;
    }
    built = built.step(name, {
      run: async ({ call, late, now }) => {
        if (name === "wait" && !late) return waitUntil(now() + HOUR_MS);
        return (call as (...given: unknown[]) => Promise<object>)(errands.run, { name });
      },
    }) as never;
  }
  return built.ending(publishEnd as never) as unknown as BossSaga;
}

const began = walk(1, "a", "wait", "pivot decided", "c");

/** One saga that waits, and what its module then runs as. */
async function waiting(at: Placement) {
  const trail: string[] = [];
  const modules = [errandsModule(new Map(), trail), bossModule(began)];
  const shop = await place(at, modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.settle();
  const becomes = (...sagas: readonly [BossSaga, ...BossSaga[]]) => {
    modules[1] = bossModule(...sagas);
    return shop.restart();
  };
  return { shop, trail, becomes, [Symbol.asyncDispose]: () => shop[Symbol.asyncDispose]() };
}

const sentence = (difference: string) =>
  "A saga boss.walk of version 1 is under way that began with other steps than version 1 has " +
  `now: ${difference}. Restore the steps of version 1, add the edited ones as version 2, and ` +
  "keep both in the module's sagas until none of the older is left.";

describe.each(placements)("a saga whose steps were edited under its version, %s,", (at) => {
  test("is refused at the start, and goes on when they are restored", async () => {
    await using world = await waiting(at);
    const { shop, trail, becomes } = world;
    const edits: [BossSaga, string][] = [
      [walk(1, "a", "pivot decided", "c"), '"run wait" is gone'],
      [walk(1, "a", "b", "wait", "pivot decided", "c"), '"run b" is new'],
      [walk(1, "a", "rest", "pivot decided", "c"), '"run wait" is gone, and "run rest" is new'],
      [walk(1, "a", "wait", "decided", "c"), '"pivot decided" is gone, and "run decided" is new'],
      [
        walk(1, "wait", "a", "pivot decided", "c"),
        'the order was "run a", "run wait", "pivot decided", "run c" and is "run wait", "run a", ' +
          '"pivot decided", "run c"',
      ],
    ];
    for (const [edited, difference] of edits) {
      await expect(becomes(edited)).rejects.toThrow(sentence(difference));
    }
    await becomes(
      walk(2, "a", "b", "pivot decided", "c"),
      walk(1, "a", "wait", "pivot decided", "c"),
    );
    await shop.call(boss.begin, { id: "2" });
    await shop.advance(2 * HOUR_MS);
    expect(shop.events.map(({ payload }) => payload)).toMatchObject([
      { id: "2", outcome: "completed" },
      { id: "1", outcome: "completed" },
    ]);
    expect(trail).toEqual(["a", "a", "b", "c", "wait", "c"]);
  });
});

test("nothing of any module runs at a start that is refused", async () => {
  const modules = [shelfModule, errandsModule(new Map(), []), bossModule(began)];
  await using shop = await place("in process", modules, { duplicate: false });
  await shop.call(boss.begin, { id: "1" });
  await shop.call(shelf.putLater, { thing: "tea", atMs: shop.now() + HOUR_MS });
  modules[2] = bossModule(walk(1, "a", "pivot decided", "c"));
  await expect(shop.restart(2 * HOUR_MS)).rejects.toThrow(sentence('"run wait" is gone'));
  await turns(3);
  expect(shop.problems).toEqual([]);
});

test("the steps of a version may change when none of it is under way", async () => {
  await using world = await waiting("in process");
  await world.shop.advance(2 * HOUR_MS);
  const edited = walk(1, "a", "b", "wait", "pivot decided", "c");
  await world.becomes(edited);
  await world.shop.call(boss.begin, { id: "2" });
  await world.shop.settle();
  await expect(world.becomes(began)).rejects.toThrow(sentence('"run b" is gone'));
  await world.becomes(edited);
  await world.shop.advance(2 * HOUR_MS);
  expect(world.shop.events).toHaveLength(2);
});

test("one of an older program, which recorded no steps, goes on with what it finds", async () => {
  await using world = await waiting("in process");
  const sqlite = new BetterSqlite3(`${world.shop.folder}/boss.db`);
  sqlite.exec("DELETE FROM cleave_saga_definition");
  sqlite.close();
  await world.becomes(began);
  await world.shop.settle();
  await expect(world.becomes(walk(1, "a", "pivot decided", "c"))).rejects.toThrow(
    sentence('"run wait" is gone'),
  );
  await world.becomes(began);
  await world.shop.advance(2 * HOUR_MS);
  expect(world.shop.events).toHaveLength(1);
});
