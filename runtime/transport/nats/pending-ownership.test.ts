import { afterAll, beforeAll, expect, test } from "bun:test";
import { command, contract, proceduresOf } from "../../contract/contract.ts";
import type { Environment } from "../../contract/environment.ts";
import { TransportError } from "../../contract/errors.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import { silent } from "../../testing/silent-log.ts";
import { Callee } from "./callee.ts";
import { cancelHeaders, requestHeaders } from "./wire.ts";

const shelf = contract("shelf", { take: command({ input: t.Object({}), output: t.Null() }) });
const manifest = [
  links("shelf", { commands: ["take"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["take"] }] }),
];
const reply = "_INBOX.desk.answer";

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A shelf that does not know yet whether it is owned here, and a desk that asks it. */
async function office({ clock }: { readonly clock?: Pick<Environment, "monotonic"> } = {}) {
  const stack = new AsyncDisposableStack();
  const connection = await broker.link("shelf", silent);
  stack.defer(() => connection.abandon());
  const desk = await broker.link("desk", silent);
  stack.defer(() => desk.abandon());
  const environment = { ...broker.environment, ...clock };
  const pending = Promise.withResolvers<void>();
  const ran: unknown[] = [];
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const callee = new Callee(
    {
      connection,
      instance: "a",
      manifest,
      ownership: { pending: pending.promise },
      environment,
      log: silent,
    },
    { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic },
    async (_procedure, input) => {
      ran.push(input);
      return null;
    },
  );
  const answers: unknown[] = [];
  desk.listen(reply, (message) => answers.push(JSON.parse(message.string())));
  await Promise.all([connection.flush(), desk.flush()]);
  return {
    pending,
    ran,
    callee,
    async ask(timeoutMs: number) {
      const about = { timeoutMs, spanId: "0123456789abcdef" };
      const headers = requestHeaders(requestOfDesk(environment), about);
      desk.publish("rpc-i.shelf.a.take.desk", "{}", { reply, headers });
      await eventually(
        async () => callee.calls,
        (count) => count === 1,
      );
    },
    giveUp: () => desk.publish("rpc-i.shelf.a.take.desk", "", { reply, headers: cancelHeaders }),
    answer: () =>
      eventually(
        async () => answers[0],
        (found) => found !== undefined,
      ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a call that waits for the ownership is answered at its deadline, unexecuted", async () => {
  await using it = await office();
  await it.ask(50);
  const met = { kind: "transport", code: "DEADLINE", executed: "no", fault: "caller" };
  expect(await it.answer()).toMatchObject(met);
  expect(it.callee.running).toBe(0);
  await it.callee.stop();
  it.pending.resolve();
  expect(it.ran).toEqual([]);
});

test("a call is not run without the ownership when its timer rings early", async () => {
  await using it = await office({ clock: { monotonic: () => 0 } });
  await it.ask(50);
  const met = { kind: "transport", code: "DEADLINE", executed: "no", fault: "caller" };
  expect(await it.answer()).toMatchObject(met);
  expect(it.ran).toEqual([]);
});

test("a call that waits for the ownership can be given up", async () => {
  await using it = await office();
  await it.ask(60_000);
  it.giveUp();
  expect(await it.answer()).toMatchObject({ code: "CANCELLED", executed: "no", fault: "caller" });
  expect(it.callee.running).toBe(0);
  expect(it.ran).toEqual([]);
});

test("a call that waits for the ownership is run once that is known", async () => {
  await using it = await office();
  await it.ask(60_000);
  it.pending.resolve();
  expect(await it.answer()).toBeNull();
  expect(it.ran).toEqual([{}]);
});

test("a call that waits for the ownership is refused when that is lost", async () => {
  await using it = await office();
  await it.ask(60_000);
  it.pending.reject(new TransportError("UNREACHABLE", "no", "lost", { fault: "callee" }));
  const met = { code: "UNREACHABLE", executed: "no", fault: "callee" };
  expect(await it.answer()).toMatchObject(met);
  expect(it.ran).toEqual([]);
});
