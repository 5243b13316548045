import { afterAll, beforeAll, expect, test } from "bun:test";
import { command, contract, kernelContract, proceduresOf } from "../../contract/contract.ts";
import { t } from "../../contract/schema.ts";
import { realEnvironment } from "../../host/real-environment.ts";
import { Broker } from "../../testing/broker.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import { transportSuite } from "../transport.suite.ts";

const manifest = [
  links("shelf", { queries: ["echo"], commands: ["take"], events: ["taken", "put"] }),
  links("desk", {
    calls: [{ callee: "shelf", procedures: ["echo", "take", "cleaveTidy"] }],
    reads: [{ producer: "shelf", events: ["taken"] }],
  }),
  links("till", { reads: [{ producer: "shelf", events: ["put", "taken"] }] }),
];
const users = manifest.map(({ name }) => name);

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

transportSuite("over NATS", {
  async open() {
    await broker.wipe();
    // The suite's deadlines are points of a clock that stands still.
    return await broker.connect({
      users,
      environment: { ...realEnvironment(), monotonic: () => 0 },
    });
  },
});

test("an operation is refused to a module, though the broker lets it through", async () => {
  await broker.wipe();
  await using closing = new AsyncDisposableStack();
  const transport = await broker.connect({ users });
  closing.defer(() => transport.close());
  const shelf = kernelContract("shelf", {
    cleaveTidy: command({ input: t.Object({}), output: t.Object({}) }),
  });
  let ran = false;
  const serve = async () => {
    ran = true;
    return {};
  };
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const procedures = proceduresOf(shelf);
  transport.serve({ module: "shelf", procedures, isReader: false, traffic }, serve);
  await transport.ready();
  const call = transport.call(shelf.cleaveTidy, {}, requestOfDesk(broker.environment));
  await expect(call).rejects.toThrow("desk may not run shelf.cleaveTidy: that is for operators.");
  expect(ran).toBe(false);
});

test("what the broker does not allow fails at once, and speaks against no instance", async () => {
  await broker.wipe();
  await using closing = new AsyncDisposableStack();
  const balance = { callees: () => ["shelf"], version: "1" };
  const shelves = await broker.connect({ users: ["shelf"], instance: "shelves", balance });
  closing.defer(() => shelves.close());
  const desks = await broker.connect({ users: ["desk"], instance: "desks", balance });
  closing.defer(() => desks.close());
  const shape = { input: t.Object({}), output: t.Object({}) };
  const shelf = contract("shelf", { take: command(shape), hide: command(shape) });
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const offer = { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic };
  const ran: string[] = [];
  shelves.serve(offer, async (procedure) => {
    ran.push(procedure.name);
    return {};
  });
  await shelves.ready();
  const request = () => requestOfDesk(broker.environment);
  for (let time = 0; time < 10; time++) {
    await expect(desks.call(shelf.hide, {}, request())).rejects.toMatchObject({
      code: "UNREACHABLE",
      message: expect.stringMatching(
        /^The nats-server at nats:.* does not let desk call shelf\.hide: its users are those of /,
      ),
    });
  }
  expect(await desks.call(shelf.take, {}, request())).toEqual({});
  expect(ran).toEqual(["take"]);
  expect(desks.neighbours.balancer?.circuits().map(({ state }) => state)).not.toContain("open");
});
