import { afterAll, beforeAll, expect, test } from "bun:test";
import { contract, proceduresOf, query } from "../../contract/contract.ts";
import { DomainError, isTransportError, TransportError } from "../../contract/errors.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import { silent } from "../../testing/silent-log.ts";
import type { Serve } from "../transport.ts";
import { PAYLOAD_BYTES_MAX } from "./limits.ts";
import { openNats } from "./nats.ts";

const shelf = contract("shelf", {
  find: query({ input: t.Object({ thing: t.String() }), output: t.String() }),
});
const manifest = [
  links("shelf", { queries: ["find"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["find"] }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A desk that asks a shelf for a thing. */
async function office(serve: Serve) {
  const transport = await broker.connect({ users: ["shelf", "desk"] });
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const procedures = proceduresOf(shelf);
  transport.serve({ module: "shelf", procedures, isReader: false, traffic }, serve);
  await transport.ready();
  return {
    ask: (thing: string, about: { readonly key?: string } = {}) =>
      transport.call(shelf.find, { thing }, { ...requestOfDesk(broker.environment), ...about }),
    [Symbol.asyncDispose]: () => transport.close(),
  };
}

test("an error that the broker cannot carry reaches the caller as a sentence", async () => {
  await using it = await office(async () => {
    throw new DomainError("NOT_FOUND", "x".repeat(PAYLOAD_BYTES_MAX), "shelf.find");
  });
  await expect(it.ask("tea")).rejects.toThrow(
    /^shelf answered with 11\d+ bytes; NATS at .* carries at most 1114112. Ask for less/,
  );
});

test("headers that the broker cannot carry are refused by a sentence", async () => {
  await using it = await office(async () => '"found"');
  const key = "x".repeat(PAYLOAD_BYTES_MAX);
  await expect(it.ask("tea", { key })).rejects.toThrow(
    /^The input of shelf.find has 11\d+ bytes with its headers; NATS at .* at most 1114112/,
  );
});

test("a broker that carries less than modules of one process send is refused", async () => {
  const payloadBytesMax = PAYLOAD_BYTES_MAX - 1;
  const small = { url: "nats://shop.test:4222", payloadBytesMax, close: async () => {} };
  const opened = openNats({
    connect: async () => small as never, // Nothing else is asked of it.
    instance: "one",
    place: "a test",
    manifest: [],
    here: new Set(["shelf"]),
    users: ["shelf"],
    environment: broker.environment,
    reminder: broker.environment,
    log: silent,
  });
  await expect(opened).rejects.toThrow(
    "The nats-server at nats://shop.test:4222 carries messages of at most 1114111 bytes; Cleave " +
      'sends up to 1114112. Write "max_payload: 1114112" into its config',
  );
});

test("what a callee could not reach is told apart from the callee itself", async () => {
  await using it = await office(async () => {
    throw new TransportError("UNREACHABLE", "no", "The attic is away.", { fault: "neither" });
  });
  const met = { code: "UNREACHABLE", executed: "no", fault: "neither" };
  await expect(it.ask("tea")).rejects.toMatchObject(met);
});

test("a lost connection opens no circuit, and calls are answered once it is back", async () => {
  const balance = { callees: () => ["shelf"], version: "1" };
  const transport = await broker.connect({ users: ["shelf", "desk"], balance });
  await using _closing = { [Symbol.asyncDispose]: () => transport.close() };
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const procedures = proceduresOf(shelf);
  const offer = { module: "shelf", procedures, isReader: false, traffic };
  transport.serve(offer, async () => '"found"');
  await transport.ready();
  const ask = () =>
    transport
      .call(shelf.find, { thing: "tea" }, requestOfDesk(broker.environment))
      .catch((error: unknown) => (isTransportError(error) ? error.code : error));
  expect(await ask()).toBe("found");
  const port = Number(new URL(broker.url).port);
  await broker.kill();
  const met = new Set<unknown>();
  for (let time = 0; time < 10; time++) met.add(await ask());
  expect(met).toEqual(new Set(["UNREACHABLE"]));
  const states = transport.neighbours.balancer?.circuits().map(({ state }) => state);
  expect(states).not.toContain("open");
  await broker.start(port);
  await eventually(
    async () => [...transport.connections.values()].every((one) => one.isUp),
    (areUp) => areUp,
  );
  expect(await ask()).toBe("found");
});
