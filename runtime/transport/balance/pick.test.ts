import { expect, test } from "bun:test";
import { RetryBudget } from "../../resilience/retry-budget.ts";
import { type VirtualEnvironment, virtualEnvironment } from "../../testing/virtual-environment.ts";
import { Member } from "./member.ts";
import { pick } from "./pick.ts";

/** Instances, all of which have answered in a millisecond. */
function kitchen(...names: string[]) {
  const environment = virtualEnvironment();
  const nowMs = environment.monotonic();
  const members = names.map((instance) => {
    const work = { inFlight: 0, calls: 0, errors: 0 };
    const what = { module: "tea", role: "owner", state: "up", version: "1" } as const;
    const member = new Member({ ...what, ...work, instance, startedAtMs: 1 }, environment);
    member.answered(1, nowMs);
    return member;
  });
  return {
    environment,
    members,
    /** How often each is picked of a hundred times. */
    picks() {
      const counts = new Map(names.map((name) => [name, 0]));
      for (let time = 0; time < 100; time++) {
        const name = pick(members, environment)?.beat.instance ?? "";
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return Object.fromEntries(counts);
    },
  };
}

test("of two the one with less to do is picked, and of many the busiest never", () => {
  const { members, picks } = kitchen("a", "b", "c");
  const [a] = members;
  if (a !== undefined) a.inFlight = 5;
  const found = picks();
  expect(found["a"]).toBe(0);
  expect(found["b"]).toBeGreaterThan(10);
  expect(found["c"]).toBeGreaterThan(10);
});

/** Has an instance take so long over three calls, one after the other. */
function answerThrice(member: Member | undefined, environment: VirtualEnvironment, ms: number) {
  for (let time = 0; time < 3; time++) {
    environment.moveTo(environment.monotonic() + ms);
    member?.answered(ms, environment.monotonic());
  }
}

test("one that was slow is passed over, and tried again when that has faded", () => {
  const { members, environment, picks } = kitchen("a", "b");
  answerThrice(members[0], environment, 500);
  expect(picks()).toEqual({ a: 0, b: 100 });
  environment.moveTo(environment.monotonic() + 65_000);
  members[1]?.answered(1, environment.monotonic());
  expect(picks()["a"]).toBe(100);
});

test("one that was slow once is picked as before, however many waited for it then", () => {
  const { members, environment, picks } = kitchen("a", "b");
  environment.moveTo(environment.monotonic() + 500);
  for (let call = 0; call < 10; call++) members[0]?.answered(500, environment.monotonic());
  members[1]?.answered(1, environment.monotonic());
  expect(picks()["a"]).toBeGreaterThan(10);
});

test("one that failed is picked again once it has answered", () => {
  const { members, environment, picks } = kitchen("a", "b");
  members[0]?.failed(3_000, environment.monotonic());
  expect(picks()).toEqual({ a: 0, b: 100 });
  environment.moveTo(environment.monotonic() + 1);
  for (const member of members) member.answered(1, environment.monotonic());
  expect(picks()["a"]).toBeGreaterThan(10);
});

test("of three one is slow: it is hardly asked, though all of them stand still at times", () => {
  const { members, environment } = kitchen("a", "b", "slow");
  const startMs = environment.monotonic();
  const underway = new Set<{ member: Member; sentMs: number; dueMs: number }>();
  let asked = 0;
  for (let call = 0; call < 10_000; call++) {
    environment.moveTo(startMs + call * 4);
    const nowMs = environment.monotonic();
    for (const one of underway) {
      // For 150 ms of every two seconds no answer comes.
      if (one.dueMs > nowMs || (nowMs - startMs) % 2_000 < 150) continue;
      one.member.inFlight -= 1;
      one.member.answered(nowMs - one.sentMs, nowMs);
      underway.delete(one);
    }
    const member = pick(members, environment);
    if (member === undefined) throw new Error("None was picked.");
    const isSlow = member === members[2];
    if (isSlow && call > 100) asked += 1;
    member.inFlight += 1;
    underway.add({ member, sentMs: nowMs, dueMs: nowMs + (isSlow ? 40 : 2) });
  }
  expect(asked).toBeLessThan(100);
});

test("one that is left out is tried by one call when its time is over, and is back", () => {
  const { members, environment } = kitchen("a");
  const [a] = members;
  const now = () => environment.monotonic();
  const failures = [1, 2, 3].map(() => a?.failed(1_000, now()));
  expect(failures).toEqual([false, false, true]);
  a?.eject(now(), 0.5);
  expect(a?.isEjected(now() + 4_999)).toBe(true);
  environment.moveTo(now() + 5_000);
  expect(a?.isEjected(now())).toBe(false);
  if (a !== undefined) a.inFlight = 1;
  expect(a?.isEjected(now())).toBe(true);
  a?.answered(1, now());
  expect(a?.isEjected(now())).toBe(false);
});

test("one that is left out is picked again once it was silent and is heard again", () => {
  const { members, environment, picks } = kitchen("a", "b");
  const nowMs = environment.monotonic();
  for (let time = 0; time < 3; time++) members[0]?.failed(10_000, nowMs);
  members[0]?.eject(nowMs, 0.5);
  expect(picks()["a"]).toBe(0);
  members[0]?.returned();
  expect(picks()["a"]).toBeGreaterThan(10);
});

test("one that is left out is picked only when all are", () => {
  const { members, environment, picks } = kitchen("a", "b");
  members[0]?.eject(environment.monotonic(), 0.5);
  expect(picks()).toEqual({ a: 0, b: 100 });
  members[1]?.eject(environment.monotonic(), 0.5);
  expect(picks()["a"]).toBeGreaterThan(0);
});

test("one that failed long ago is not left out for one failure of now", () => {
  const { members, environment } = kitchen("a");
  const [a] = members;
  const nowMs = environment.monotonic();
  for (let time = 0; time < 19; time++) {
    if (time % 4 === 0) a?.failed(100, nowMs);
    else a?.answered(1, nowMs);
  }
  expect(a?.failed(100, nowMs + 3_600_000)).toBe(false);
});

test("thirty retries are saved at most; ten calls earn one, and a second three", () => {
  const environment = virtualEnvironment();
  const budget = new RetryBudget(environment);
  const spendAll = () => {
    let spent = 0;
    while (spent < 100 && budget.spend()) spent += 1;
    return spent;
  };
  expect(spendAll()).toBe(30);
  for (let call = 0; call < 11; call++) budget.earn();
  expect(spendAll()).toBe(1);
  environment.moveTo(environment.monotonic() + 1_000);
  expect(spendAll()).toBe(3);
  environment.moveTo(environment.monotonic() + 3_600_000);
  expect(spendAll()).toBe(30);
});

test.each([
  ["for longer each time", 9, 20_000],
  ["as at first once it has answered for ten minutes", 10, 5_000],
])("an instance is left out %s", (_what, minutes, expectedMs) => {
  const { environment, members } = kitchen("a");
  const [a] = members;
  let nowMs = environment.monotonic();
  for (let time = 0; time < 3; time++) {
    a?.eject(nowMs, 0.5);
    nowMs += 60_000;
    a?.answered(1, nowMs);
  }
  for (let minute = 0; minute < minutes; minute++) {
    nowMs += 60_000;
    a?.answered(1, nowMs);
  }
  a?.eject(nowMs, 0.5);
  expect(a?.isEjected(nowMs + expectedMs - 1)).toBe(true);
  expect(a?.isEjected(nowMs + expectedMs)).toBe(false);
});
