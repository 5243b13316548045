import { describe, expect, test } from "bun:test";
import { contract, defineModule, handler, query, t } from "../index.ts";
import { place, placements } from "../testing/place.ts";

const RUNNING_MAX = 10_000;

const well = contract("well", {
  /** Never answers. */
  fall: query({ input: t.Object({}), output: t.Object({}) }),
  /** Answers when the test lets it. */
  draw: query({ input: t.Object({}), output: t.Object({ litres: t.Integer() }) }),
  echo: query({ input: t.Object({}), output: t.Object({}) }),
});

function wellModule(drawn: Promise<{ litres: number }> = new Promise(() => {})) {
  return defineModule({
    contract: well,
    migrations: [],
    handlers: {
      fall: handler(well.fall, () => new Promise<never>(() => {})),
      draw: handler(well.draw, () => drawn),
      echo: handler(well.echo, () => ({})),
    },
  });
}

const code = (error: { code?: unknown }) => error.code;

describe.each(placements)("a handler that never settles, %s,", (at) => {
  const open = () => place(at, [wellModule()], { duplicate: false });

  test("is given up a second after its deadline, and named once in the log", async () => {
    await using shop = await open();
    const answer = shop.call(well.fall, {}, { deadlineMs: 2_000 }).catch(code);
    await shop.advance(2_500);
    expect(await answer).toBe("DEADLINE");
    expect(shop.inFlight("well")).toBe(1);
    await shop.advance(1_000);
    expect(shop.inFlight("well")).toBe(0);
    await shop.advance(60_000);
    expect(shop.problems).toEqual([
      {
        message:
          "a handler has not settled after its deadline; its call is given up and counts no " +
          "more. Set a time limit for what the handler awaits.",
        procedure: "well.fall",
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
        overdueMs: expect.any(Number),
      },
    ]);
  });

  test("does not keep the module from a graceful stop", async () => {
    await using shop = await open();
    const answer = shop.call(well.fall, {}, { deadlineMs: 5_000 }).catch(code);
    await shop.advance(1_000);
    const stopped = shop.stop();
    await shop.advance(6_000);
    await stopped;
    expect(await answer).toBe("DEADLINE");
  });
});

test("calls of handlers that never settle give their places back", async () => {
  await using shop = await place("in process", [wellModule()], { duplicate: false });
  const fallen = Array.from({ length: RUNNING_MAX }, () =>
    shop.call(well.fall, {}, { deadlineMs: 1_000 }).catch(code),
  );
  expect(await shop.call(well.echo, {}).catch(code)).toBe("OVERLOADED");
  await shop.advance(3_000);
  expect(new Set(await Promise.all(fallen))).toEqual(new Set(["DEADLINE"]));
  expect(await shop.call(well.echo, {})).toEqual({});
});

test("a handler that settles after it was given up gives no place back twice", async () => {
  const { promise, resolve } = Promise.withResolvers<{ litres: number }>();
  await using shop = await place("in process", [wellModule(promise)], { duplicate: false });
  const answer = shop.call(well.draw, {}, { deadlineMs: 1_000 }).catch(code);
  await shop.advance(3_000);
  expect(await answer).toBe("DEADLINE");
  resolve({ litres: 3 });
  await shop.settle();
  expect(shop.inFlight("well")).toBe(0);
});
