import { describe, expect, test } from "bun:test";
import { command, contract, defineModule, handler, port, t } from "../index.ts";
import { type Placement, place, placements } from "../testing/place.ts";

const oven = contract("oven", {
  /** Plans to bake. Repeating it plans it once. */
  light: command({ input: t.Object({}), output: t.Object({}) }),
  /** Never ends. */
  bake: command({ input: t.Object({}), output: t.Object({}) }),
});

/** A port that cannot be closed. */
const chimney = port("oven.chimney", {
  settings: t.Object({}),
  open: () => ({}),
  close: () => new Promise<void>(() => {}),
});

const ovenModule = defineModule({
  contract: oven,
  migrations: [],
  ports: [chimney],
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

describe.each(placements)("an instance is left after fifteen seconds, %s,", (at: Placement) => {
  const stopped = async (ports: Parameters<typeof place>[2], begin: boolean) => {
    await using shop = await place(at, [ovenModule], { duplicate: false, ...ports });
    if (begin) await shop.call(oven.light, {});
    await shop.advance(1_000);
    const stop = shop.stop();
    await shop.advance(16_000);
    await stop;
    return shop.problems;
  };

  test("by a job with more time than that, which is named", async () => {
    const ports = { ports: [[chimney, {}]] } as const;
    expect(await stopped(ports, true)).toContainEqual(late("oven"));
  });

  test("by a port that does not close, which is named", async () => {
    expect(await stopped({}, false)).toContainEqual(late("oven.chimney"));
  });
});
