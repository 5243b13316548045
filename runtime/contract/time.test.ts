import { describe, expect, test } from "bun:test";
import { event, saga, t, waitUntil } from "../index.ts";
import { contract } from "./contract.ts";
import { duration, timeLeft, timePoint, versionNumber } from "./time.ts";

const DURATION_MS_MAX = 100 * 366 * 86_400_000;
const TIME_MS_MAX = 8_640_000_000_000_000;

/** What is no time and no duration, whatever it is meant for. */
const neverValid = [Number.NaN, Infinity, -Infinity, "60000", 5n, null, undefined] as never[];

describe("a point in time", () => {
  test.each([...neverValid, -1, TIME_MS_MAX + 1_024])("is not %p", (atMs) => {
    expect(() => timePoint(atMs, "The time")).toThrow(/^The time is .*, which is not a point in/);
    expect(() => waitUntil(atMs)).toThrow(TypeError);
  });

  test("is rounded up to whole milliseconds", () => {
    expect([0, 0.2, 1_767_225_600_000.5, TIME_MS_MAX].map((at) => timePoint(at, "It"))).toEqual([
      0,
      1,
      1_767_225_600_001,
      TIME_MS_MAX,
    ]);
    expect(waitUntil(1_767_225_600_000.5).untilMs).toBe(1_767_225_600_001);
  });
});

describe("a duration", () => {
  test.each([...neverValid, DURATION_MS_MAX + 1])("is not %p", (ms) => {
    expect(() => timeLeft(ms, "The time")).toThrow(/^The time is .*, which is not a duration\./);
    expect(() => duration(ms, "The time")).toThrow(/^The time is .*, which is not a duration\./);
  });

  test("that is left of another may be over; one of a definition is not", () => {
    expect([-5, 0, 0.5].map((ms) => timeLeft(ms, "It"))).toEqual([-5, 0, 0.5]);
    expect(() => duration(0, "It")).toThrow(TypeError);
    expect(() => duration(-5, "It")).toThrow(TypeError);
    expect(duration(0.5, "It")).toBe(0.5);
  });
});

test.each([...neverValid, 0, -1, 1.5, 2 ** 53])("a version is not %p", (version) => {
  expect(() => versionNumber(version, "The version")).toThrow(/^The version is /);
});

describe("a definition is refused with", () => {
  const options = { version: 1, input: t.Object({}), deadlineMs: 1_000 };

  test.each([...neverValid.filter((one) => one !== undefined), 0, -1, DURATION_MS_MAX + 1])(
    "the deadline %p of a saga",
    (deadlineMs) => {
      expect(() => saga("boss.walk", { ...options, deadlineMs })).toThrow(
        /^The deadlineMs of the saga boss.walk is .*, which is not a duration/,
      );
    },
  );

  test.each([Number.NaN, 0, 1.5, "1" as never])(
    "the version %p of a saga or an event",
    (version) => {
      expect(() => saga("boss.walk", { ...options, version })).toThrow(
        /version of the saga boss.walk/,
      );
      expect(() => contract("boss", { left: event(version, t.Object({})) })).toThrow(
        /^The version of the event boss.left is /,
      );
    },
  );
});
