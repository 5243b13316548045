import { describe, expect, test } from "bun:test";
import { turns } from "../../testing/stillness.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import { Balancer } from "./balancer.ts";
import { Directory } from "./directory.ts";
import type { Heartbeat } from "./member.ts";

const LOOK_MS = 250;

function beat(about: Partial<Heartbeat>): Heartbeat {
  const { instance = "tea", startedAtMs = 1 } = about;
  const work = { inFlight: 0, calls: 0, errors: 0 };
  const what = { module: "tea", role: "owner", state: "up", version: "1" } as const;
  return { ...what, ...work, instance, startedAtMs };
}

const pour = { module: "tea", name: "pour", what: "tea.pour", caller: "desk" };
const about = { ...pour, kind: "query", ownerOnly: false, isKeyed: false } as const;
const there = async () => true;

/** Asks an instance something that is answered later. */
function asks(balancer: Balancer, deadlineAtMs: number) {
  let asked = 0;
  const late = Promise.withResolvers<string>();
  const answer = balancer.call({ ...about, deadlineAtMs }, () => {
    asked += 1;
    return late.promise;
  });
  return {
    asked: () => asked,
    answered(text: string) {
      late.resolve(text);
      return answer;
    },
  };
}

test("what a run of an instance was asked is asked again once another run has begun", async () => {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  const balancer = new Balancer(directory, environment, there);
  directory.hear(beat({}));
  const asked: (string | undefined)[] = [];
  const never = new Promise<string>(() => {});
  const deadlineAtMs = environment.monotonic() + 10_000;
  const answer = balancer.call({ ...about, deadlineAtMs }, (instance) => {
    asked.push(instance);
    return asked.length === 1 ? never : Promise.resolve("hot");
  });
  // It died and was started again at once: nobody has heard silence.
  directory.hear(beat({ startedAtMs: 2 }));
  environment.moveTo(environment.now() + LOOK_MS);
  expect(await answer).toBe("hot");
  expect(asked).toEqual(["tea", "tea"]);
});

test("what a run says that was followed by another, and comes late, is not heeded", async () => {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  const balancer = new Balancer(directory, environment, there);
  for (const startedAtMs of [1, 3, 2]) directory.hear(beat({ startedAtMs }));
  const waiting = asks(balancer, environment.monotonic() + 10_000);
  for (const startedAtMs of [1, 3]) directory.hear(beat({ startedAtMs }));
  environment.moveTo(environment.now() + LOOK_MS);
  expect(await waiting.answered("late")).toBe("late");
  expect(waiting.asked()).toBe(1);
  expect(directory.all("tea").map((one) => one.beat.startedAtMs)).toEqual([2]);
});

test("a process that stood still hears what came meanwhile before it gives a call up", async () => {
  const environment = virtualEnvironment();
  let stoodStillMs = 0;
  const monotonic = () => environment.monotonic() + stoodStillMs;
  const directory = new Directory({ monotonic });
  const balancer = new Balancer(directory, { ...environment, monotonic }, there);
  directory.hear(beat({}));
  const waiting = asks(balancer, monotonic() + 60_000);
  stoodStillMs = 5_000;
  environment.moveTo(environment.now() + LOOK_MS);
  directory.hear(beat({}));
  environment.moveTo(environment.now() + LOOK_MS);
  expect(await waiting.answered("late")).toBe("late");
  expect(waiting.asked()).toBe(1);
});

describe("an instance of which no heartbeat comes", () => {
  /** A call that the only instance has begun, and that instance silent since then. */
  function silence(isThere: () => Promise<boolean>, kind: "query" | "command" = "query") {
    const environment = virtualEnvironment();
    const directory = new Directory(environment);
    let probes = 0;
    const balancer = new Balancer(directory, environment, (call, instance) => {
      expect([call.what, instance]).toEqual(["tea.pour", "tea"]);
      probes += 1;
      return isThere();
    });
    directory.hear(beat({}));
    const late = Promise.withResolvers<string>();
    let asked = 0;
    const call = { ...about, kind, deadlineAtMs: environment.monotonic() + 10_000 };
    const answer = balancer
      .call(call, () => {
        asked += 1;
        return asked === 1 ? late.promise : Promise.resolve("again");
      })
      .catch((error: unknown) => error);
    return {
      answer,
      answered: late.resolve,
      directory,
      asked: () => asked,
      probes: () => probes,
      async pass(ms: number) {
        for (let passedMs = 0; passedMs < ms; passedMs += LOOK_MS) {
          environment.moveTo(environment.now() + LOOK_MS);
          await turns(1);
        }
      },
    };
  }

  test("is waited for while the broker has its connection", async () => {
    const it = silence(there);
    await it.pass(1_500);
    expect(it.probes()).toBe(0);
    await it.pass(8_000);
    expect(it.probes()).toBeGreaterThan(10);
    it.answered("late");
    expect(await it.answer).toBe("late");
    expect(it.asked()).toBe(1);
  });

  test("is asked for once at a time, and no more once it is heard", async () => {
    const it = silence(() => new Promise(() => {}));
    await it.pass(5_000);
    expect(it.probes()).toBe(1);
    it.answered("late");
    expect(await it.answer).toBe("late");
  });

  test("is gone when the broker has not: a query is asked again", async () => {
    const it = silence(async () => false);
    await it.pass(2_000);
    expect(await it.answer).toBe("again");
    expect(it.directory.all("tea")).toEqual([]);
  });

  test("is gone when the broker has not: whether a command ran is unknown", async () => {
    const it = silence(async () => false, "command");
    await it.pass(2_000);
    expect(await it.answer).toMatchObject({ code: "UNREACHABLE", executed: "unknown" });
    expect(it.asked()).toBe(1);
  });

  test("is not gone when it was heard before the broker's answer came", async () => {
    const gone = Promise.withResolvers<boolean>();
    const it = silence(() => gone.promise);
    await it.pass(2_000);
    it.directory.hear(beat({}));
    gone.resolve(false);
    await it.pass(LOOK_MS);
    it.answered("late");
    expect(await it.answer).toBe("late");
  });
});

test("an instance that goes on living is waited for", async () => {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  const balancer = new Balancer(directory, environment, there);
  directory.hear(beat({}));
  const waiting = asks(balancer, environment.monotonic() + 10_000);
  for (let time = 0; time < 20; time++) {
    environment.moveTo(environment.now() + LOOK_MS);
    directory.hear(beat({}));
  }
  expect(await waiting.answered("late")).toBe("late");
  expect(waiting.asked()).toBe(1);
});
