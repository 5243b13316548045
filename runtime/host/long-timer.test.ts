import { describe, expect, test } from "bun:test";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { longTimer } from "./long-timer.ts";
import { realEnvironment } from "./real-environment.ts";

const DAY_MS = 86_400_000;

/** An event loop whose timers, as the real one's, fire at once when they are set for too long. */
function loop() {
  const environment = virtualEnvironment();
  const startMs = environment.monotonic();
  const after = longTimer({
    set: (work, delayMs) => environment.after(delayMs > 2 ** 31 - 1 ? 1 : delayMs, work),
    clear: (cancel) => cancel(),
  });
  return {
    after,
    rings: [] as number[],
    pastMs: () => environment.monotonic() - startMs,
    pass: (ms: number) => environment.moveTo(environment.monotonic() + ms),
  };
}

describe("a timer", () => {
  test.each([0, 1, DAY_MS, 2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 400 * DAY_MS])(
    "of %p ms fires then, once",
    (delayMs) => {
      const { after, rings, pastMs, pass } = loop();
      after(delayMs, () => rings.push(pastMs()));
      pass(1_000 * DAY_MS);
      expect(rings).toEqual([delayMs]);
    },
  );

  test("can be taken back in each of its parts", () => {
    const { after, rings, pastMs, pass } = loop();
    const cancel = after(60 * DAY_MS, () => rings.push(pastMs()));
    pass(50 * DAY_MS);
    cancel();
    pass(50 * DAY_MS);
    expect(rings).toEqual([]);
  });

  test("is refused for what is no number", () => {
    expect(() => realEnvironment().after(Number.NaN, () => {})).toThrow(
      "A timer was given NaN, which is not a number of milliseconds.",
    );
  });

  test("of the real event loop does not fire at once when it is set for a month", async () => {
    const environment = realEnvironment();
    let fired = false;
    const cancel = environment.after(30 * DAY_MS, () => {
      fired = true;
    });
    await new Promise<void>((resolve) => environment.after(20, resolve));
    cancel();
    expect(fired).toBe(false);
  });
});
