import { describe, expect, test } from "bun:test";
import {
  command,
  contract,
  declareUses,
  defineModule,
  port,
  saga,
  t,
  waitUntil,
} from "../index.ts";
import { place, placements } from "../testing/place.ts";
import { BossInput, boss, bossModule, bossSaga, publishEnd } from "../testing/sample/boss.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import { operationsOf } from "./operations.ts";

/** Numbers by name, as JSON has no NaN. */
const numbers: { readonly [name: string]: number } = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  huge: 1e300,
};
const named = Object.keys(numbers);

const clock = contract("clock", {
  /** Hands a number over where a time or a duration is asked for. */
  handOver: command({
    input: t.Object({ number: t.String(), to: t.String() }),
    output: t.Object({}),
  }),
});
const bell = port("clock.bell", {
  settings: t.Object({}),
  open: (_settings, world) => (ms: number) => world.after(ms, () => {}),
});
const idle = saga("clock.idle", { version: 1, input: t.Object({}), deadlineMs: 1_000 })
  .step("rest", { run: async ({ now }) => waitUntil(now() + 500) })
  .ending(() => {});

const { uses, handler } = declareUses([errands.run]);
const clockModule = defineModule({
  contract: clock,
  uses,
  migrations: [],
  sagas: [idle],
  ports: [bell],
  handlers: {
    handOver: handler(clock.handOver, async ({ number, to }, context) => {
      const { call, transaction, settled, port: opened } = context;
      const ms = numbers[number] ?? Number(number);
      const input = { number: "0", to: "" };
      if (to === "call") await call(errands.run, { name: "a" }, { deadlineMs: ms });
      if (to === "settled") await settled(idle, "1", ms);
      if (to === "after") opened(bell)(ms);
      return transaction((tx) => {
        if (to === "schedule") tx.schedule(clock.handOver, input, { key: "k", atMs: ms });
        return {};
      });
    }),
  },
});

describe.each(placements)("a handler that hands over, %s,", (placement) => {
  test("what is no time is told so and changes nothing", async () => {
    const trail: string[] = [];
    const modules = [errandsModule(new Map(), trail), clockModule];
    await using shop = await place(placement, modules, { duplicate: false });
    for (const to of ["call", "settled", "after", "schedule"]) {
      for (const number of named) {
        const handing = shop.call(clock.handOver, { number, to });
        await expect(handing).rejects.toThrow(
          /handOver failed: The .* is (NaN|Infinity|1e\+300), which is not a (duration|point)/,
        );
      }
      if (to !== "schedule") {
        expect(await shop.call(clock.handOver, { number: "5", to })).toEqual({});
      }
    }
    await shop.advance(1_000);
    expect(trail).toEqual(["a"]);
    await expect(shop.call(clock.handOver, { number: "0", to: "call" })).rejects.toMatchObject({
      name: "TransportError",
      code: "DEADLINE",
    });
  });
});

describe.each(placements)("a saga, %s,", (placement) => {
  const options = { version: 1, input: BossInput, deadlineMs: 600_000 };

  test.each(named)(
    "that waits until %s is stuck with a sentence, after few attempts",
    async (to) => {
      const until = numbers[to] ?? 0;
      let runs = 0;
      const lost = bossSaga("boss.lost", options)
        .pivot("decided", () => {})
        .step("wait", {
          run: async () => {
            runs += 1;
            return waitUntil(until);
          },
        })
        .ending(publishEnd);
      const modules = [errandsModule(new Map(), []), bossModule(lost)];
      await using shop = await place(placement, modules, { duplicate: false });
      await shop.call(boss.begin, { id: "1" });
      await shop.advance(60_000);
      const by = { name: null, state: null, id: null, limit: 1 };
      expect(await shop.call(operationsOf("boss").cleaveSagas, by)).toMatchObject([
        { state: "stuck" },
      ]);
      expect(runs).toBe(8);
      expect(
        JSON.stringify(shop.problems, (_, one) => (one instanceof Error ? one.message : one)),
      ).toContain(`The time given to waitUntil is ${until}, which is not a point in time.`);
    },
  );

  test.each(named)("whose call may take %s is stuck, and nothing was called", async (to) => {
    const trail: string[] = [];
    const endless = bossSaga("boss.endless", options)
      .pivot("decided", () => {})
      .step("call", {
        run: ({ call }) => call(errands.run, { name: "a" }, { deadlineMs: numbers[to] ?? 0 }),
      })
      .ending(publishEnd);
    const modules = [errandsModule(new Map(), trail), bossModule(endless)];
    await using shop = await place(placement, modules, { duplicate: false });
    await shop.call(boss.begin, { id: "1" });
    await shop.advance(60_000);
    expect(trail).toEqual([]);
    expect(shop.problems).toContainEqual(expect.objectContaining({ message: "saga stuck" }));
  });
});
