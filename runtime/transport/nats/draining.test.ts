import { afterAll, beforeAll, expect, test } from "bun:test";
import { command, contract, proceduresOf } from "../../contract/contract.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { hurriedEnvironment } from "../../testing/hurried-environment.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import type { CallRequest } from "../transport.ts";

/** How much faster time passes for the desk: an instance is silent after 0.3 s without a beat. */
const TIMES = 5;
const shelf = contract("shelf", {
  take: command({ input: t.Object({}), output: t.String() }),
});
const manifest = [
  links("shelf", { commands: ["take"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["take"] }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A desk, and a shelf that says once that it is there, and never again, as a busy one does. */
async function office() {
  const stack = new AsyncDisposableStack();
  const environment = hurriedEnvironment(TIMES);
  const open = async (user: string, environmentOfIt = environment) => {
    const balance = { callees: () => (user === "desk" ? ["shelf"] : []), version: "1" };
    const about = { users: [user], instance: user, balance, environment: environmentOfIt };
    const opened = await broker.connect(about);
    stack.defer(() => opened.abandon());
    return opened;
  };
  const desks = await open("desk");
  const shelves = await open("shelf", { ...environment, after: () => () => {} });
  const came: { readonly request: CallRequest; readonly answer: (text: string) => void }[] = [];
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const offer = { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic };
  const withdraw = shelves.serve(offer, (_procedure, _input, request) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    came.push({ request, answer: resolve });
    return promise;
  });
  await shelves.ready();
  const { directory } = desks.neighbours;
  const hears = (state: string | undefined) =>
    eventually(
      async () => directory.neighbours().find(({ module }) => module === "shelf")?.state,
      (now) => now === state,
    );
  await hears("up");
  /** How many messages the shelf got from the broker and sent to it. */
  const messages = () => shelves.messages();
  return {
    came,
    withdraw,
    hears,
    messages,
    async call(signal?: AbortSignal) {
      const deadlineAtMs = environment.monotonic() + 60_000;
      const request = { ...requestOfDesk(environment), deadlineAtMs, signal };
      return desks.call(shelf.take, {}, request).catch((error: unknown) => error);
    },
    has: (count: number) =>
      eventually(
        async () => came.length,
        (found) => found === count,
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("an instance that drains and is silent has its calls waited for", async () => {
  await using it = await office();
  const taking = it.call();
  await it.has(1);
  let isStopped = false;
  const stopped = it.withdraw().then(() => {
    isStopped = true;
  });
  await it.hears("draining");
  await it.hears("silent");
  // The desk asks the broker of it, more than once.
  const before = it.messages();
  await eventually(
    async () => it.messages() - before,
    (count) => count >= 4,
  );
  expect(isStopped).toBe(false);
  it.came[0]?.answer("tea");
  expect(await taking).toBe("tea");
  await stopped;
});

test("an instance that drains runs no new call, and hears of one that is given up", async () => {
  await using it = await office();
  const cancel = new AbortController();
  const taking = it.call(cancel.signal);
  await it.has(1);
  const stopped = it.withdraw();
  await it.hears("draining");
  expect(await it.call()).toMatchObject({ code: "UNREACHABLE", executed: "no" });
  expect(it.came).toHaveLength(1);
  cancel.abort();
  expect(await taking).toMatchObject({ code: "CANCELLED", executed: "unknown" });
  await eventually(
    async () => it.came[0]?.request.signal?.aborted,
    (is) => is === true,
  );
  it.came[0]?.answer("tea");
  await stopped;
});
