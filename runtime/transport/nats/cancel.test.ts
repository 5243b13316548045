import { afterAll, beforeAll, expect, test } from "bun:test";
import { headers } from "@nats-io/transport-node";
import { command, contract, type Procedure, proceduresOf, query } from "../../contract/contract.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { connectAs } from "../../testing/nats-server.ts";
import { turns } from "../../testing/stillness.ts";
import type { CallRequest } from "../transport.ts";

const shelf = contract("shelf", {
  find: query({ input: t.Object({ thing: t.String() }), output: t.String() }),
  take: command({ input: t.Object({ thing: t.String() }), output: t.String() }),
  wait: query({ input: t.Object({ thing: t.String() }), output: t.String(), ownerOnly: true }),
});
const manifest = [
  links("shelf", { queries: ["find", "wait"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["find", "take", "wait"] }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A shelf that answers when it is told to, and a desk that calls it by its instance or not. */
async function office({ toInstance }: { readonly toInstance: boolean }) {
  const shelves = await broker.connect({
    users: ["shelf"],
    instance: "shelf-1",
    balance: { callees: () => [], version: "1" },
  });
  const balance = { callees: () => (toInstance ? ["shelf"] : []), version: "1" };
  const desks = await broker.connect({ users: ["desk"], instance: "desk-1", balance });
  const came: { readonly request: CallRequest; readonly answer: () => void }[] = [];
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const offer = { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic };
  shelves.serve(offer, (_procedure, input, request) => {
    const { promise, resolve } = Promise.withResolvers<string>();
    came.push({
      request,
      answer: () => resolve(JSON.stringify((input as { thing: string }).thing)),
    });
    return promise;
  });
  await shelves.ready();
  const known = toInstance ? 1 : 0;
  await eventually(
    async () => desks.neighbours.directory.all("shelf").length,
    (count) => count === known,
  );
  return {
    came,
    call(thing: string, signal?: AbortSignal, procedure: Procedure = shelf.find) {
      const request = {
        caller: "desk",
        identity: { kind: "system" },
        traceId: "0123456789abcdef0123456789abcdef",
        deadlineAtMs: broker.environment.monotonic() + 20_000,
        key: undefined,
        asText: false,
        signal,
      } as const;
      return desks.call(procedure, { thing }, request).catch((error: unknown) => error);
    },
    /** Resolves when so many requests have come. */
    has: (count: number) =>
      eventually(
        async () => came.length,
        (found) => found === count,
      ),
    async flush() {
      await desks.flush();
      await shelves.flush();
      await turns(4);
    },
    async [Symbol.asyncDispose]() {
      for (const { answer } of came) answer();
      await desks.close();
      await shelves.close();
    },
  };
}

test("the instance that a call was sent to is told that it was given up", async () => {
  await using at = await office({ toInstance: true });
  const cancel = new AbortController();
  const [given, kept] = [at.call("tea", cancel.signal), at.call("cup")];
  await at.has(2);
  cancel.abort();
  expect(await given).toMatchObject({ code: "CANCELLED", executed: "unknown" });
  await at.flush();
  expect(at.came.map(({ request }) => request.signal?.aborted)).toEqual([true, false]);
  for (const { answer } of at.came) answer();
  expect(await kept).toBe("cup");
});

test.each([
  ["command", shelf.take],
  ["ownerOnly query", shelf.wait],
])("the owner is told that a %s was given up which the queue group took", async (_kind, one) => {
  await using at = await office({ toInstance: false });
  const cancel = new AbortController();
  const given = at.call("tea", cancel.signal, one);
  await at.has(1);
  cancel.abort();
  expect(await given).toMatchObject({ code: "CANCELLED", executed: "unknown" });
  await at.flush();
  expect(at.came[0]?.request.signal?.aborted).toBe(true);
});

test("a query that any replica may have taken runs on to its deadline", async () => {
  await using at = await office({ toInstance: false });
  const cancel = new AbortController();
  const given = at.call("tea", cancel.signal);
  await at.has(1);
  cancel.abort();
  expect(await given).toMatchObject({ code: "CANCELLED", executed: "unknown" });
  await at.flush();
  expect(at.came[0]?.request.signal).toBeUndefined();
});

test("a call that was given up before it is sent is not sent", async () => {
  await using at = await office({ toInstance: true });
  expect(await at.call("tea", AbortSignal.abort())).toMatchObject({
    code: "CANCELLED",
    executed: "no",
  });
  const later = at.call("cup");
  await at.has(1);
  at.came[0]?.answer();
  expect(await later).toBe("cup");
});

test.each([
  ["under another reply subject of the caller's", "_INBOX.desk.elsewhere"],
  ["under a reply subject that is not the caller's", "_INBOX.shelf.elsewhere"],
])("nothing is given up %s", async (_what, reply) => {
  await using at = await office({ toInstance: true });
  const call = at.call("tea");
  await at.has(1);
  const { url, folder } = broker;
  await using desk = await connectAs("desk", { url, folder });
  const cancel = headers();
  cancel.set("cleave-cancel", "1");
  desk.publish("rpc-i.shelf.shelf-1.find.desk", "", { reply, headers: cancel });
  await desk.flush();
  await at.flush();
  expect(at.came).toHaveLength(1);
  expect(at.came[0]?.request.signal?.aborted).toBe(false);
  at.came[0]?.answer();
  expect(await call).toBe("tea");
});
