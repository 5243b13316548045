import { describe, expect, test } from "bun:test";
import type { CallOptions } from "../contract/call.ts";
import type { InputOf, Procedure } from "../contract/contract.ts";
import { system } from "../contract/identity.ts";
import { startInstance } from "../host/instance.ts";
import { command, contract, declareUses, defineModule, t } from "../index.ts";
import { errands, errandsModule, type Mishap } from "../testing/sample/errands.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { virtualEnvironment } from "../testing/virtual-environment.ts";
import { inProcess } from "../transport/in-process.ts";

const clerk = contract("clerk", {
  /** Has an errand run, and tells of it if there is time. */
  send: command({
    input: t.Object({ name: t.String(), deadlineMs: t.Optional(t.Integer()) }),
    output: t.Object({}),
  }),
  /** Has an errand run, and another whatever became of the first. */
  sendBoth: command({
    input: t.Object({ first: t.String(), second: t.String() }),
    output: t.Object({}),
  }),
  /** Has two errands run, one after the other, and at the same time a third. */
  sendInTurn: command({
    input: t.Object({ first: t.String(), second: t.String(), third: t.String() }),
    output: t.Object({}),
  }),
});

const { uses, handler } = declareUses([errands.run]);
const clerkModule = defineModule({
  contract: clerk,
  uses,
  migrations: [],
  handlers: {
    send: handler(clerk.send, async ({ name, deadlineMs }, { call, transaction }) => {
      const within = deadlineMs === undefined ? {} : { deadlineMs };
      await call(errands.run, { name }, within);
      return transaction(() => ({}));
    }),
    sendBoth: handler(clerk.sendBoth, async ({ first, second }, { call, transaction }) => {
      await call(errands.run, { name: first }).catch(() => {});
      await call(errands.run, { name: second });
      return transaction(() => ({}));
    }),
    sendInTurn: handler(clerk.sendInTurn, async (names, { call, transaction }) => {
      const run = (name: string) => call(errands.run, { name });
      await Promise.all([run(names.first).then(() => run(names.second)), run(names.third)]);
      return transaction(() => ({}));
    }),
  },
});

/** A clerk beside errands, with calls of a given time. */
async function openOffice(mishaps: { readonly [errand: string]: Mishap[] }, clerks = clerkModule) {
  const folder = temporaryFolder();
  const environment = virtualEnvironment();
  const trail: string[] = [];
  const log = { debug() {}, info() {}, warn() {}, error() {}, with: () => log };
  const modules = [clerks, errandsModule(new Map(Object.entries(mishaps)), trail)];
  const instance = await startInstance({
    modules,
    contracts: modules.map((one) => one.contract),
    transport: inProcess(environment),
    environment,
    log,
    folder: folder.path,
    publicUrl: "http://shop.test",
    development: true,
    settings: new Map(),
  });
  return {
    environment,
    instance,
    trail,
    send(name: string, withinMs: number, deadlineMs?: number) {
      const deadlineAtMs = environment.monotonic() + withinMs;
      const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
      const input = deadlineMs === undefined ? { name } : { name, deadlineMs };
      const sent = instance.gateway.call(clerk.send, input, { origin });
      return sent.then(
        () => "sent",
        (error: unknown) => error,
      );
    },
    /** Has errands called, which may be given up. */
    call<P extends Procedure>(procedure: P, input: InputOf<P>, options: CallOptions) {
      const deadlineAtMs = environment.monotonic() + 10_000;
      const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
      const answer = instance.gateway.call(procedure, input, { origin, options });
      return answer.catch((error: unknown) => error);
    },
    run(name: string, key: string, withinMs: number) {
      const deadlineAtMs = environment.monotonic() + withinMs;
      const origin = { identity: system, traceId: environment.newTraceId(), deadlineAtMs };
      return instance.gateway.call(errands.run, { name }, { origin, options: { key } });
    },
    async turns() {
      for (let turn = 0; turn < 12; turn++) {
        await new Promise<void>((resolve) => environment.defer(resolve));
      }
    },
    [Symbol.dispose]() {
      environment.kill();
      instance.abandon();
      folder[Symbol.dispose]();
    },
  };
}

function cancel() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

test("a callee that hangs costs its caller no more than the caller's own time", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const sent = office.send("a", 1_000);
  await office.turns();
  office.environment.moveTo(office.environment.now() + 1_020);
  await office.turns();
  expect(await sent).toMatchObject({
    name: "TransportError",
    code: "DEADLINE",
    executed: "unknown",
  });
});

test("a nested call may have less time than its caller, and never more", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise], b: [held.promise] });
  const [short, long] = [office.send("a", 10_000, 500), office.send("b", 1_000, 60_000)];
  await office.turns();
  office.environment.moveTo(office.environment.now() + 520);
  await office.turns();
  expect(await short).toMatchObject({
    code: "DEADLINE",
    message: expect.stringContaining("errands.run"),
  });
  office.environment.moveTo(office.environment.now() + 500);
  await office.turns();
  expect(await long).toMatchObject({ code: "DEADLINE" });
});

test("nothing is committed after the deadline", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const sent = office.send("a", 1_000);
  await office.turns();
  office.environment.moveTo(office.environment.now() + 1_020);
  await office.turns();
  held.open();
  await office.turns();
  expect(await sent).toMatchObject({ code: "DEADLINE" });
  expect(office.trail).toEqual([]);
});

test.each([
  [10_000, "callee"],
  [1_000, "caller"],
])("a commit that comes too late, after %d ms, is the fault of the %s", async (ms, fault) => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const sent = office.run("a", "k", ms).catch((error: unknown) => error);
  await office.turns();
  // The process was busy: the time is over, and the timer that answers then has not rung yet.
  const startMs = office.environment.monotonic();
  office.environment.monotonic = () => startMs + ms;
  held.open();
  await office.turns();
  const message = expect.stringContaining("no time left to commit");
  expect(await sent).toMatchObject({ code: "DEADLINE", executed: "unknown", fault, message });
});

test("a call for which no time is left is surely not executed", async () => {
  using office = await openOffice({});
  expect(await office.send("a", 0)).toMatchObject({ code: "DEADLINE", executed: "no" });
  expect(office.trail).toEqual([]);
});

describe("a call that is given up", () => {
  test("rejects at once, and nothing is committed", async () => {
    const held = gate();
    using office = await openOffice({ a: [held.promise] });
    const { signal, abort } = cancel();
    const given = office.call(errands.run, { name: "a" }, { signal });
    await office.turns();
    abort();
    expect(await given).toMatchObject({
      name: "TransportError",
      code: "CANCELLED",
      executed: "unknown",
    });
    held.open();
    await office.turns();
    expect(await office.call(errands.ledger, {}, {})).toEqual({});
  });

  test("before it is made is surely not executed", async () => {
    using office = await openOffice({});
    const { signal, abort } = cancel();
    abort();
    expect(await office.call(errands.run, { name: "a" }, { signal })).toMatchObject({
      code: "CANCELLED",
      executed: "no",
    });
    await office.turns();
    expect(office.trail).toEqual([]);
  });

  test("before its callee's turn has come is not begun", async () => {
    const plan: Mishap[] = ["refused", "defect"];
    const errand = { a: plan };
    using office = await openOffice(errand);
    const { signal, abort } = cancel();
    const given = office.call(errands.run, { name: "a" }, { signal });
    abort();
    expect(await given).toMatchObject({ code: "CANCELLED" });
    await office.turns();
    expect(await office.call(errands.run, { name: "a" }, {})).toMatchObject({ code: "REFUSED" });
  });

  test("takes the calls with it that were made for it, and lets no more be made", async () => {
    const held = gate();
    using office = await openOffice({ a: [held.promise] });
    const { signal, abort } = cancel();
    const given = office.call(clerk.sendBoth, { first: "a", second: "b" }, { signal });
    await office.turns();
    abort();
    expect(await given).toMatchObject({ code: "CANCELLED" });
    held.open();
    await office.turns();
    expect(await office.call(errands.ledger, {}, {})).toEqual({});
  });

  test("by one of its two callers still has the other's answer, and runs once", async () => {
    const held = gate();
    using office = await openOffice({ a: [held.promise] });
    const { signal, abort } = cancel();
    const run = (options: CallOptions) =>
      office.call(errands.run, { name: "a" }, { key: "k", ...options });
    const [given, kept] = [run({ signal }), run({})];
    await office.turns();
    abort();
    expect(await given).toMatchObject({ code: "CANCELLED" });
    held.open();
    expect(await kept).toEqual({ runs: 1 });
    expect(await office.call(errands.ledger, {}, {})).toEqual({ a: { runs: 1, stands: true } });
  });

  test("after its answer has come changes nothing", async () => {
    using office = await openOffice({});
    const { signal, abort } = cancel();
    expect(await office.call(errands.run, { name: "a" }, { signal })).toEqual({ runs: 1 });
    abort();
    await office.turns();
    expect(await office.call(errands.ledger, {}, {})).toEqual({ a: { runs: 1, stands: true } });
  });
});

test("a module starts after those whose procedures it declares", async () => {
  using office = await openOffice({});
  expect(office.instance.modules.map(({ name }) => name)).toEqual(["errands", "clerk"]);
});

test("a call of an undeclared procedure is refused when it is made, with the remedy", async () => {
  const send = handler(clerk.send, async ({ name }, { call, transaction }) => {
    await call(errands.undo as never, { name } as never);
    return transaction(() => ({}));
  });
  const handlers = { ...clerkModule.handlers, send };
  using office = await openOffice({}, { ...clerkModule, handlers });
  const error = await office.send("a", 1_000);
  expect(error).toMatchObject({ name: "Defect" });
  expect(String(error)).toContain(
    'clerk calls errands.undo without declaring it. Add errands.undo to the "uses" of clerk.',
  );
  expect(office.trail).toEqual([]);
});

test("a module runs 10,000 calls at once and surely does not execute the next", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  for (let index = 0; index < 10_000; index++) void office.send("a", 60_000);
  expect(await office.send("a", 60_000)).toMatchObject({ code: "OVERLOADED", executed: "no" });
  held.open();
});

test("a repeat with the same key has its own deadline, and leaves the first alone", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const first = office.run("a", "k", 60_000);
  await office.turns();
  const repeat = office.run("a", "k", 1_000).catch((error: unknown) => error);
  const patient = office.run("a", "k", 60_000);
  await office.turns();
  office.environment.moveTo(office.environment.now() + 1_020);
  await office.turns();
  const ended = await Promise.race([repeat, office.turns().then(() => "under way")]);
  expect(ended).toMatchObject({ code: "DEADLINE", executed: "unknown" });
  held.open();
  expect([await first, await patient]).toEqual([{ runs: 1 }, { runs: 1 }]);
  expect(office.trail).toEqual(["a"]);
});

test("repeats of a keyed call get answers of their own", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const first = office.run("a", "k", 60_000);
  await office.turns();
  const changed = first.then((answer) => Object.assign(answer as object, { runs: 99 }));
  const repeat = office.run("a", "k", 60_000);
  held.open();
  expect(await changed).toEqual({ runs: 99 });
  expect(await repeat).toEqual({ runs: 1 });
});

test("repeats that wait are among the 10,000 calls at once", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  for (let index = 0; index < 10_000; index++) void office.run("a", "k", 60_000);
  const refused = office.run("a", "k", 60_000).catch((error: unknown) => error);
  await office.turns();
  held.open();
  expect(await refused).toMatchObject({ code: "OVERLOADED", executed: "no" });
});

test("a stop finishes what is in flight, and is over when it is durable", async () => {
  const held = gate();
  using office = await openOffice({ a: [held.promise] });
  const sent = office.send("a", 60_000);
  await office.turns();
  const stopped = office.instance.stop().then(() => "stopped");
  await office.turns();
  expect(await Promise.race([stopped, "under way"])).toBe("under way");
  held.open();
  expect(await sent).toBe("sent");
  expect(await stopped).toBe("stopped");
  expect(office.trail).toEqual(["a"]);
});

test("a handler that has failed begins no command, and is counted once", async () => {
  const [first, last] = [gate(), gate()];
  using office = await openOffice({
    first: [first.promise],
    third: ["refused"],
    last: [last.promise],
  });
  const names = { first: "first", second: "second", third: "third" };
  const failed = office.call(clerk.sendInTurn, names, {});
  await office.turns();
  first.open();
  expect(String(await failed)).toContain("REFUSED of errands.run");
  await office.turns();
  expect(office.trail).toEqual(["first"]);
  const sent = office.send("last", 60_000);
  await office.turns();
  const stopped = office.instance.stop().then(() => "stopped");
  await office.turns();
  expect(await Promise.race([stopped, "under way"])).toBe("under way");
  last.open();
  expect(await sent).toBe("sent");
  expect(office.trail).toEqual(["first", "last"]);
});

test("a stop leaves no timer behind, also while old rows are removed", async () => {
  using office = await openOffice({});
  office.environment.moveTo(office.environment.now() + 60_000);
  await office.instance.stop();
  await office.turns();
  expect(office.environment.nextTimerAtMs()).toBeUndefined();
});
