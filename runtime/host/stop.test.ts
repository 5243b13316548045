import { describe, expect, test } from "bun:test";
import { command, contract, defineModule, handler, port, t } from "../index.ts";
import { type Placement, place, placements } from "../testing/place.ts";
import { INSTANCE_STOP_MS } from "./stop-budgets.ts";

const oven = contract("oven", {
  /** Plans to bake. Repeating it plans it once. */
  light: command({ input: t.Object({}), output: t.Object({}) }),
  /** Never ends. */
  bake: command({ input: t.Object({}), output: t.Object({}) }),
});

/** Ports that cannot be closed. */
const chimneys = Array.from({ length: 40 }, (_, index) =>
  port(`oven.chimney${index}`, {
    settings: t.Object({}),
    open: () => ({}),
    close: () => new Promise<void>(() => {}),
  }),
);

const ovenModule = defineModule({
  contract: oven,
  migrations: [],
  ports: chimneys,
  handlers: {
    light: handler(oven.light, (_input, { transaction, now }) =>
      transaction((tx) => {
        tx.schedule(oven.bake, {}, { key: "1", atMs: now() });
        return {};
      }),
    ),
    bake: handler(oven.bake, () => new Promise<never>(() => {})),
  },
});

const late = (name: string) => ({
  message: expect.stringContaining("did not stop in time"),
  name,
});

describe.each(placements)("an instance is left after its time to stop, %s,", (at: Placement) => {
  const stopped = async (ports: Parameters<typeof place>[2], begin: boolean) => {
    await using shop = await place(at, [ovenModule], { duplicate: false, ...ports });
    if (begin) await shop.call(oven.light, {});
    await shop.advance(1_000);
    const stop = shop.stop();
    await shop.advance(INSTANCE_STOP_MS);
    await stop;
    return shop.problems;
  };

  test("by a job with more time than that, which is named", async () => {
    const ports = chimneys.map((chimney) => [chimney, {}] as const);
    expect(await stopped({ ports }, true)).toContainEqual(late("oven"));
  });

  test("by ports that do not close, which are named, however many they are", async () => {
    const problems = await stopped({}, false);
    for (const { name } of chimneys) expect(problems).toContainEqual(late(name));
  });
});
