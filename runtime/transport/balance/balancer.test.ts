import { describe, expect, test } from "bun:test";
import { TransportError } from "../../contract/errors.ts";
import { virtualEnvironment } from "../../testing/virtual-environment.ts";
import { type Balanced, Balancer } from "./balancer.ts";
import { Directory } from "./directory.ts";
import type { Heartbeat } from "./member.ts";

function beat(instance: string, role: Heartbeat["role"] = "owner"): Heartbeat {
  const work = { inFlight: 0, calls: 0, errors: 0 };
  return { module: "tea", state: "up", version: "1", startedAtMs: 1, ...work, instance, role };
}

const away = (executed: "no" | "unknown") =>
  new TransportError("OVERLOADED", executed, "away", { fault: "callee" });

const pour = { module: "tea", name: "pour", what: "tea.pour", caller: "desk" };

/** What an instance answers that did not reach another module, as it comes over a wire. */
const relayed = new TransportError("UNREACHABLE", "no", "milk is away", { fault: "neither" });

/** Calls among instances, of which each answers as it is told; without word, with its name. */
function kitchen(...instances: string[]) {
  const environment = virtualEnvironment();
  const directory = new Directory(environment);
  const balancer = new Balancer(directory, environment, async () => true);
  const asked: string[] = [];
  const errors = new Map<string, Error>();
  for (const one of instances) directory.hear(beat(one));
  return {
    environment,
    directory,
    balancer,
    asked,
    errors,
    /** Calls, moving the clock past the pauses. */
    async call(about: Partial<Balanced> = {}) {
      const deadlineAtMs = environment.monotonic() + 10_000;
      const whole = { ...pour, kind: "query", ownerOnly: false, isKeyed: false } as const;
      let over = false;
      const answer = balancer
        .call({ ...whole, deadlineAtMs, ...about }, async (instance = "group") => {
          asked.push(instance);
          const error = errors.get(instance);
          if (error !== undefined) throw error;
          return instance;
        })
        .catch((error: unknown) => error)
        .finally(() => {
          over = true;
        });
      for (let turn = 0; turn < 20 && !over; turn++) {
        await new Promise<void>((resolve) => environment.defer(resolve));
        if (!over) environment.moveTo(environment.monotonic() + 10);
      }
      return answer;
    },
  };
}

describe("a call is repeated", () => {
  test.each([
    ["a query", { kind: "query" }, away("unknown")],
    ["a keyed command", { kind: "command", isKeyed: true }, away("unknown")],
    ["a command that was surely not executed", { kind: "command" }, away("no")],
  ] as const)("elsewhere: %s", async (_what, about, error) => {
    const at = kitchen("a", "b");
    at.errors.set("a", error);
    for (let time = 0; time < 8; time++) expect(await at.call(about)).toBe("b");
    expect(at.asked).toContain("a");
  });

  test.each([
    ["a command that may have run", { kind: "command" }, away("unknown")],
    [
      "one whose time is over",
      {},
      new TransportError("DEADLINE", "no", "late", { fault: "callee" }),
    ],
    [
      "one that was given up",
      {},
      new TransportError("CANCELLED", "no", "given up", { fault: "caller" }),
    ],
    ["one that was answered with a defect", {}, new RangeError("hm")],
    ["one whose callee did not reach another", {}, relayed],
  ] as const)("but not %s", async (_what, about, error) => {
    const at = kitchen("a");
    at.errors.set("a", error);
    expect(await at.call(about)).toBe(error);
    expect(at.asked).toEqual(["a"]);
  });

  test("twice at most, and only while there is time for a pause", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("no"));
    await at.call();
    expect(at.asked).toHaveLength(3);
    await at.call({ deadlineAtMs: at.environment.monotonic() + 50 });
    expect(at.asked).toHaveLength(4);
  });

  test("never once it is given up during the pause, and rejects then", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("no"));
    const cancel = new AbortController();
    at.environment.after(1, () => cancel.abort());
    const met = await at.call({ signal: cancel.signal });
    expect(met).toMatchObject({ code: "CANCELLED", executed: "no" });
    expect(at.asked).toEqual(["a"]);
  });

  test("and tells of all attempts when the last was surely not executed", async () => {
    const at = kitchen("a", "b");
    at.errors.set("a", away("unknown")).set("b", away("no"));
    const met = await at.call({ kind: "command", isKeyed: true });
    expect(new Set(at.asked)).toEqual(new Set(["a", "b"]));
    expect(met).toMatchObject({ executed: "unknown" });
  });

  test("as long as the budget of thirty lasts", async () => {
    const at = kitchen();
    at.errors.set("group", away("unknown"));
    const wild = () =>
      at.balancer.call(
        {
          module: `m${at.asked.length}`,
          name: "n",
          what: "m.n",
          caller: "desk",
          kind: "query",
          ownerOnly: false,
          isKeyed: false,
          deadlineAtMs: at.environment.monotonic() + 10_000,
        },
        async () => {
          at.asked.push("group");
          throw away("unknown");
        },
      );
    for (let time = 0; time < 40; time++) await wild().catch(() => {});
    // Forty calls earn nearly four retries more.
    expect(at.asked.length).toBeGreaterThanOrEqual(40 + 30);
    expect(at.asked.length).toBeLessThanOrEqual(40 + 34);
  });
});

describe("an instance", () => {
  test("that does not answer five times is behind a circuit that answers at once", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("unknown"));
    for (let time = 0; time < 5; time++) await at.call({ kind: "command" });
    const [asked, nowMs] = [at.asked.length, at.environment.monotonic()];
    const met = await at.call({ kind: "command" });
    expect(met).toMatchObject({ code: "BREAKER_OPEN", executed: "no" });
    expect(at.asked).toHaveLength(asked);
    expect(at.environment.monotonic()).toBe(nowMs);
    const circuit = {
      module: "tea",
      instance: "a",
      procedure: "tea.pour",
      kind: "command",
    } as const;
    expect(at.balancer.circuits()).toEqual([{ ...circuit, state: "open" }]);
    at.errors.clear();
    expect(await at.call({ name: "taste", what: "tea.taste" })).toBe("a");
  });

  test("that does not reach another is there itself, however often it says so", async () => {
    const at = kitchen("a", "b");
    for (const one of ["a", "b"]) at.errors.set(one, relayed);
    for (let time = 0; time < 20; time++) expect(await at.call()).toBe(relayed);
    const nowMs = at.environment.monotonic();
    expect(at.directory.all("tea").map((one) => one.isEjected(nowMs))).toEqual([false, false]);
    expect(new Set(at.balancer.circuits().map(({ state }) => state))).toEqual(new Set(["closed"]));
  });

  test("of which nothing is known is asked through the queue group", async () => {
    expect(await kitchen().call()).toBe("group");
  });

  test("that only reads is asked nothing that is for the owner", () => {
    const directory = new Directory(virtualEnvironment());
    directory.hear(beat("a"));
    directory.hear(beat("b", "reader"));
    const names = (ownerOnly: boolean) =>
      directory.candidates("tea", ownerOnly).map((one) => one.beat.instance);
    expect(names(false)).toEqual(["a", "b"]);
    expect(names(true)).toEqual(["a"]);
  });

  test("is never left out with more than half of all", async () => {
    const at = kitchen("a", "b", "c");
    for (const one of ["a", "b", "c"]) at.errors.set(one, away("unknown"));
    for (let time = 0; time < 20; time++) await at.call();
    const nowMs = at.environment.monotonic();
    expect(at.directory.all("tea").filter((one) => one.isEjected(nowMs))).toHaveLength(1);
  });

  test("that is silent is passed over while the other one is heard", () => {
    const environment = virtualEnvironment();
    const directory = new Directory(environment);
    for (const one of ["a", "b"]) directory.hear(beat(one));
    environment.moveTo(environment.monotonic() + 2_000);
    directory.hear(beat("b"));
    const names = directory.candidates("tea", false).map((one) => one.beat.instance);
    expect(names).toEqual(["b"]);
  });

  test("that is silent is passed over, unless most are", () => {
    const environment = virtualEnvironment();
    const directory = new Directory(environment);
    const names = () => directory.candidates("tea", false).map((one) => one.beat.instance);
    for (const one of ["a", "b", "c"]) directory.hear(beat(one));
    environment.moveTo(environment.monotonic() + 2_000);
    expect(names()).toEqual(["a", "b", "c"]);
    directory.hear(beat("a"));
    directory.hear(beat("b"));
    expect(names()).toEqual(["a", "b"]);
  });

  test("is blamed for the procedure that does not answer, and for no other", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("unknown"));
    for (let time = 0; time < 5; time++) await at.call({ kind: "command" });
    at.errors.clear();
    expect(await at.call({ kind: "command" })).toMatchObject({ code: "BREAKER_OPEN" });
    expect(await at.call({ name: "stir", what: "tea.stir", kind: "command" })).toBe("a");
  });

  test.each([
    ["a time that its caller chose too short", "DEADLINE"],
    ["a connection that its caller lost", "UNREACHABLE"],
    ["a limit of its caller", "OVERLOADED"],
  ] as const)("is not blamed for %s", async (_what, code) => {
    const at = kitchen("a", "b");
    const error = new TransportError(code, "unknown", "late", { fault: "caller" });
    for (const one of ["a", "b"]) at.errors.set(one, error);
    for (let time = 0; time < 20; time++) {
      expect(await at.call({ kind: "command" })).toMatchObject({ code });
    }
    const nowMs = at.environment.monotonic();
    expect(at.directory.all("tea").map((one) => one.isEjected(nowMs))).toEqual([false, false]);
    expect(at.balancer.circuits().map(({ state }) => state)).toEqual(["closed", "closed"]);
  });

  test("is tried at once when its heartbeats are back, however long it was left out", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("unknown"));
    const command = { kind: "command" } as const;
    for (let time = 0; time < 5; time++) await at.call(command);
    for (let pauseMs = 1_000; pauseMs < 64_000; pauseMs *= 2) {
      for (let passedMs = 0; passedMs < pauseMs; passedMs += 500) {
        at.directory.hear(beat("a"));
        at.environment.moveTo(at.environment.monotonic() + 500);
      }
      await at.call(command);
    }
    at.errors.clear();
    at.environment.moveTo(at.environment.monotonic() + 1_600);
    expect(await at.call(command)).toMatchObject({ code: "BREAKER_OPEN" });
    at.directory.hear(beat("a"));
    expect(await Promise.all([at.call(command), at.call(command)])).toEqual(["a", "a"]);
  });

  test("is not tried sooner for a heartbeat that was not missed", async () => {
    const at = kitchen("a");
    at.errors.set("a", away("unknown"));
    for (let time = 0; time < 5; time++) await at.call({ kind: "command" });
    at.directory.hear(beat("a"));
    expect(await at.call({ kind: "command" })).toMatchObject({ code: "BREAKER_OPEN" });
  });

  test("has 256 circuits at most: the oldest is dropped", async () => {
    const at = kitchen("a");
    for (let count = 0; count < 300; count++) {
      await at.call({ name: `p${count}`, what: `tea.p${count}` });
    }
    const circuits = at.balancer.circuits();
    expect(circuits).toHaveLength(256);
    expect(circuits[0]).toMatchObject({ procedure: "tea.p44" });
  });
});
