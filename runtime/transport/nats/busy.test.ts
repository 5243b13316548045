import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isTransportError } from "../../contract/errors.ts";
import { Broker } from "../../testing/broker.ts";
import { shelf } from "../../testing/busy/contract.ts";
import { type SpawnedShelf, spawnShelf } from "../../testing/busy/spawn.ts";
import { eventually } from "../../testing/eventually.ts";
import { hurriedEnvironment } from "../../testing/hurried-environment.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import type { Neighbour } from "../report.ts";

/** How much faster time passes, at both ends: an instance is silent after 0.3 s without a beat. */
const TIMES = 5;
const procedures = ["find", "search", "take", "hold", "begun"];
const manifest = [
  links("shelf", { queries: ["find", "search", "hold", "begun"], commands: ["take"] }),
  links("desk", { calls: [{ callee: "shelf", procedures }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A desk, and shelves in processes of their own, which it has heard of. */
async function office(...instances: string[]) {
  const stack = new AsyncDisposableStack();
  const environment = hurriedEnvironment(TIMES);
  const balance = { callees: () => ["shelf"], version: "1" };
  const desk = await broker.connect({ users: ["desk"], environment, instance: "desk", balance });
  stack.defer(() => desk.close());
  const { url, folder } = broker;
  const shelves = new Map<string, SpawnedShelf>();
  const open = async (instance: string) => {
    shelves.set(instance, stack.use(spawnShelf({ url, folder, instance, times: TIMES })));
    await hears(instance, "up");
  };
  const stateOf = (instance: string): Neighbour["state"] | undefined =>
    desk.neighbours.directory.neighbours().find((one) => one.instance === instance)?.state;
  const hears = (instance: string, state: Neighbour["state"] | undefined) =>
    eventually(
      async () => stateOf(instance),
      (now) => now === state,
    );
  await Promise.all(instances.map(open));
  const call = (
    procedure: (typeof shelf)["find" | "search" | "take" | "hold" | "begun"],
    input: object,
    deadlineMs = 60_000,
  ) => {
    const deadlineAtMs = environment.monotonic() + deadlineMs;
    const request = { ...requestOfDesk(environment), key: undefined, deadlineAtMs };
    return desk
      .call(procedure, input, request)
      .catch((error: unknown) => (isTransportError(error) ? error.code : error));
  };
  return {
    call,
    open,
    hears,
    signal: (instance: string, name: "SIGSTOP" | "SIGCONT" | "SIGKILL") =>
      shelves.get(instance)?.signal(name),
    circuits: () => desk.neighbours.balancer?.circuits().filter(({ state }) => state !== "closed"),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe("an instance whose event loop is blocked", () => {
  test.each([["search"], ["take"]] as const)(
    "answers what blocks it, which ran once: %s",
    async (name) => {
      await using it = await office("a");
      // Unkeyed, and for three times as long as it takes until the instance is silent.
      expect(await it.call(shelf[name], { ms: 900 })).toBe("a");
      expect(await it.call(shelf.begun, {})).toMatchObject({ [name]: 1 });
    },
  );

  test("answers each call that came meanwhile, and no circuit opens", async () => {
    await using it = await office("a");
    let isOver = false;
    const search = it.call(shelf.search, { ms: 900 }).finally(() => {
      isOver = true;
    });
    const quick: Promise<unknown>[] = [];
    await eventually(
      async () => {
        quick.push(it.call(shelf.find, {}));
        return isOver;
      },
      (is) => is,
    );
    expect(await search).toBe("a");
    expect(new Set(await Promise.all(quick))).toEqual(new Set(["a"]));
    expect(await it.call(shelf.begun, {})).toMatchObject({ search: 1, find: quick.length });
    expect(it.circuits()).toEqual([]);
  });
});

describe("an instance that is gone", () => {
  test("is not waited for: what it had begun is run elsewhere, if that is safe", async () => {
    await using it = await office("a");
    const holding = it.call(shelf.hold, {});
    await it.open("b");
    it.signal("a", "SIGKILL");
    expect(await holding).toBe("b");
  });

  test("is not waited for: a command that it had begun is not run again", async () => {
    await using it = await office("a");
    const taking = it.call(shelf.take, { ms: 60_000 });
    await it.hears("a", "silent");
    await it.open("b");
    it.signal("a", "SIGKILL");
    expect(await taking).toBe("UNREACHABLE");
    expect(await it.call(shelf.begun, {})).toEqual({ begun: 1 });
  });
});

describe("an instance that was stopped and goes on", () => {
  test.each([
    ["for 6 s of its callers' time", false],
    ["for so long that it was forgotten", true],
  ])("answers at once: %s", async (_howLong, isForgotten) => {
    await using it = await office("a");
    it.signal("a", "SIGSTOP");
    // Time that is enough to blame it.
    const waiting = Array.from({ length: 10 }, () => it.call(shelf.find, {}, 6_000));
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["DEADLINE"]));
    if (isForgotten) await it.hears("a", undefined);
    it.signal("a", "SIGCONT");
    await it.hears("a", "up");
    const met = await Promise.all(Array.from({ length: 20 }, () => it.call(shelf.find, {})));
    expect(new Set(met)).toEqual(new Set(["a"]));
  });
});
