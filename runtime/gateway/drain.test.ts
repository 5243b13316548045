import { expect, test } from "bun:test";
import { Drain, HOLD_MS_MAX } from "./drain.ts";

/** A clock that each timer moves by so many milliseconds more than it was set to. */
function lateBy(lateMs: number) {
  let nowMs = 0;
  return {
    monotonic: () => nowMs,
    after(delayMs: number, work: () => void) {
      void Promise.resolve().then(() => {
        nowMs += delayMs + lateMs;
        work();
      });
      return () => {};
    },
  };
}

test.each([0, 35, 475])(
  "answers are held for a second at most, timers late by %d ms",
  async (lateMs) => {
    const environment = lateBy(lateMs);
    const drain = new Drain(environment);
    const pause = environment.after;
    environment.after = (delayMs, work) => {
      drain.noteRequest();
      return pause(delayMs, work);
    };
    await drain.hold();
    expect(environment.monotonic()).toBeGreaterThanOrEqual(HOLD_MS_MAX);
    expect(environment.monotonic()).toBeLessThan(HOLD_MS_MAX + 25 + lateMs);
  },
);

test.each([
  ["no request is at work", 1_000, { pending: 0, unanswered: 0 }],
  ["answers are only being sent", 3_000, { pending: 1, unanswered: 0 }],
])(
  "a stop that %s waits %d ms, however late timers are",
  async (_, ms, { pending, unanswered }) => {
    const environment = lateBy(35);
    const requests = { unanswered, giveUpBodies() {} };
    const times = { pending: () => pending, deadlineMs: 60_000 };
    await new Drain(environment).finish(requests, times);
    expect(environment.monotonic()).toBeGreaterThanOrEqual(ms);
    expect(environment.monotonic()).toBeLessThan(ms + 60);
  },
);

test("a body is given up after two seconds, however late timers are", async () => {
  const environment = lateBy(35);
  const givenUpAtMs: number[] = [];
  const requests = { unanswered: 1, giveUpBodies: () => givenUpAtMs.push(environment.monotonic()) };
  await new Drain(environment).finish(requests, { pending: () => 1, deadlineMs: 2_500 });
  expect(givenUpAtMs[0]).toBe(2_040);
});

test("a process that has stood still reads what came before anything is given up", async () => {
  const environment = lateBy(4_000);
  const looks: number[] = [];
  const requests = {
    unanswered: 1,
    giveUpBodies: () => looks.push(environment.monotonic() / 4_025),
  };
  await new Drain(environment).finish(requests, { pending: () => 1, deadlineMs: 2_500 });
  expect(looks).toEqual([10]);
});
