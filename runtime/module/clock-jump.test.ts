import { describe, expect, test } from "bun:test";
import { SagaRefusal, saga, waitUntil } from "../index.ts";
import { type Placed, place, placements } from "../testing/place.ts";
import { BossInput, type BossSaga, boss, bossModule, publishEnd } from "../testing/sample/boss.ts";
import { shelf } from "../testing/sample/contracts.ts";
import { errandsModule } from "../testing/sample/errands.ts";
import { shelfModule } from "../testing/sample/shelf.ts";

const HOUR_MS = 3_600_000;
const options = { version: 1, input: BossInput, deadlineMs: 240 * HOUR_MS };

/** Waits ten hours, then gives up. */
const patient = saga("boss.patient", options)
  .step("wait", {
    run: async ({ late, now }) => {
      if (late) throw new SagaRefusal("TOO_LATE");
      return waitUntil(now() + 10 * HOUR_MS);
    },
  })
  .ending(publishEnd);

/** Fails until it is stuck; its deadline is ten hours after its start. */
const clumsy = saga("boss.clumsy", { ...options, deadlineMs: 10 * HOUR_MS })
  .step("fall", {
    run: async () => {
      throw new RangeError("It fell.");
    },
  })
  .ending(publishEnd);

describe.each(placements)("a clock set forward by twelve hours, %s,", (placement) => {
  /** Lets an hour pass, sets the clock forward, and lets a minute pass. */
  async function jump(shop: Placed): Promise<void> {
    await shop.advance(HOUR_MS);
    shop.setClock(12 * HOUR_MS);
    await shop.advance(61_000);
  }

  test.each<[string, BossSaga, string]>([
    ["a waiting saga has waited", patient, "wait: TOO_LATE"],
    ["a stuck saga turns back", clumsy, "fall: DEADLINE"],
  ])("is noticed within a minute: %s", async (_, definition, why) => {
    const modules = [errandsModule(new Map(), []), bossModule(definition)];
    await using shop = await place(placement, modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await jump(shop);
    expect(shop.events.map(({ payload }) => payload)).toEqual([
      { id: "1", outcome: "compensated", why },
    ]);
  });

  test("is noticed within a minute: a job that is due runs", async () => {
    await using shop = await place(placement, [shelfModule], { duplicate: false });
    await shop.call(shelf.putLater, { thing: "tea", atMs: shop.now() + 10 * HOUR_MS });
    await jump(shop);
    expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 1 });
  });
});

test("what is planned for months ahead does not run before", async () => {
  const modules = [errandsModule(new Map(), []), bossModule(patient), shelfModule];
  const lookEveryMs = 24 * HOUR_MS;
  await using shop = await place("in process", modules, { duplicate: false, lookEveryMs });
  await shop.call(shelf.putLater, { thing: "tea", atMs: shop.now() + 1_440 * HOUR_MS });
  await shop.advance(1_439 * HOUR_MS);
  expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 0 });
  await shop.advance(2 * HOUR_MS);
  expect(await shop.call(shelf.countOf, { thing: "tea" })).toEqual({ count: 1 });
});
