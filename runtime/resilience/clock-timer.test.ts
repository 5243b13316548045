import { describe, expect, test } from "bun:test";
import { TEST_EPOCH_MS, virtualEnvironment } from "../testing/virtual-environment.ts";
import { clockTimer } from "./clock-timer.ts";

const HOUR_MS = 3_600_000;

/** A clock of the day that can be set, beside the timers, which do not care. */
function machine() {
  const environment = virtualEnvironment();
  let aheadMs = 0;
  const rings: number[] = [];
  const pastMs = () => environment.monotonic() - TEST_EPOCH_MS;
  const clock = { now: () => environment.now() + aheadMs, after: environment.after };
  return {
    rings,
    ringAfter: (ms: number) =>
      clockTimer(clock, { atMs: clock.now() + ms }, () => rings.push(pastMs())),
    set: (byMs: number) => {
      aheadMs += byMs;
    },
    pass: (ms: number) => environment.moveTo(environment.monotonic() + ms),
  };
}

describe("a timer for a point in time", () => {
  test.each([0, 1, 59_999, 10 * HOUR_MS])("rings after %p ms while the clock is right", (ms) => {
    const { rings, ringAfter, pass } = machine();
    ringAfter(ms);
    pass(100 * HOUR_MS);
    expect(rings).toEqual([ms]);
  });

  test("rings within a minute when the clock is set forward", () => {
    const { rings, ringAfter, set, pass } = machine();
    ringAfter(10 * HOUR_MS);
    pass(HOUR_MS + 30_000);
    set(12 * HOUR_MS);
    pass(100 * HOUR_MS);
    expect(rings).toEqual([HOUR_MS + 60_000]);
  });

  test("does not ring early when the clock is set back", () => {
    const { rings, ringAfter, set, pass } = machine();
    ringAfter(10 * HOUR_MS);
    pass(HOUR_MS);
    set(-HOUR_MS);
    pass(100 * HOUR_MS);
    expect(rings).toEqual([11 * HOUR_MS]);
  });

  test("can be taken back, also after a look", () => {
    const { rings, ringAfter, pass } = machine();
    const cancel = ringAfter(HOUR_MS);
    pass(100_000);
    cancel();
    pass(2 * HOUR_MS);
    expect(rings).toEqual([]);
  });
});
