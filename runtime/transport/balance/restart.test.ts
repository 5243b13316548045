import { expect, test } from "bun:test";
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

const about = { module: "tea", what: "tea.pour", kind: "query", isKeyed: false } as const;

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
  const balancer = new Balancer(directory, environment);
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
  const balancer = new Balancer(directory, environment);
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
  const balancer = new Balancer(directory, { ...environment, monotonic });
  directory.hear(beat({}));
  const waiting = asks(balancer, monotonic() + 60_000);
  stoodStillMs = 5_000;
  environment.moveTo(environment.now() + LOOK_MS);
  directory.hear(beat({}));
  environment.moveTo(environment.now() + LOOK_MS);
  expect(await waiting.answered("late")).toBe("late");
  expect(waiting.asked()).toBe(1);
});

test("an instance that goes on living is waited for", async () => {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  const balancer = new Balancer(directory, environment);
  directory.hear(beat({}));
  const waiting = asks(balancer, environment.monotonic() + 10_000);
  for (let time = 0; time < 20; time++) {
    environment.moveTo(environment.now() + LOOK_MS);
    directory.hear(beat({}));
  }
  expect(await waiting.answered("late")).toBe("late");
  expect(waiting.asked()).toBe(1);
});
