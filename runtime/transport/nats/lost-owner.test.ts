import { afterAll, beforeAll, expect, test } from "bun:test";
import { command, contract, proceduresOf, query } from "../../contract/contract.ts";
import { TransportError, type TransportFault } from "../../contract/errors.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";
import { silent } from "../../testing/silent-log.ts";
import { Connection } from "./connection.ts";
import { ownerSubject } from "./subjects.ts";

const shape = { input: t.Object({}), output: t.String() };
const shelf = contract("shelf", { find: query(shape), take: command(shape) });
const manifest = [
  links("shelf", { queries: ["find"], commands: ["take"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["find", "take"] }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A shelf, as the instances `a` and `b`, and a desk that asks `a` first. */
async function office() {
  const stack = new AsyncDisposableStack();
  const ran: string[] = [];
  const errors = new Map<string, Error>();
  const open = async (user: string, instance: string) => {
    const balance = { callees: () => (user === "desk" ? ["shelf"] : []), version: "1" };
    const environment = { ...broker.environment, random: () => 0 };
    const opened = await broker.connect({ users: [user], instance, balance, environment });
    stack.defer(() => opened.abandon());
    return opened;
  };
  const desks = await open("desk", "desk");
  const heard = (count: number) =>
    eventually(
      async () => desks.neighbours.directory.all("shelf").length,
      (found) => found === count,
    );
  const serveAt = async (instance: string) => {
    const shelves = await open("shelf", instance);
    const lost: unknown[] = [];
    const onLost = (conflict: Error) => lost.push(conflict);
    if (instance === "a") await shelves.own({ module: "shelf", database: "db", onLost });
    const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
    const offer = { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic };
    shelves.serve(offer, async (_procedure, _input, { asText }) => {
      ran.push(instance);
      const error = errors.get(instance);
      if (error !== undefined) throw error;
      return asText ? JSON.stringify(instance) : instance;
    });
    await shelves.ready();
    return { shelves, lost };
  };
  const first = await serveAt("a");
  await heard(1);
  await serveAt("b");
  await heard(2);
  return {
    ran,
    errors,
    first,
    heard,
    call: (name: "find" | "take") =>
      desks
        .call(shelf[name], {}, requestOfDesk(broker.environment))
        .catch((error: unknown) => error),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Has the shelf at `a` find another owner as it comes back from a loss of its connection. */
async function takeOwnership({ first, heard }: Awaited<ReturnType<typeof office>>) {
  const own = first.shelves.connections.get("shelf");
  if (!(own instanceof Connection)) throw new Error("The shelf is not connected.");
  const other = await broker.link("shelf", silent);
  other.listen("owner.shelf.*.*", (question) => {
    const { incarnation } = JSON.parse(question.string());
    const claim = {
      ...{ module: "shelf", database: "db", instance: "b", place: "a test" },
      ...{ incarnation: "0".repeat(32), state: "owning", sinceMs: 0 },
    };
    other.publish(ownerSubject("shelf", incarnation), JSON.stringify(claim));
  });
  await other.flush();
  await own.client.reconnect();
  await eventually(
    async () => first.lost.length,
    (count) => count === 1,
  );
  await heard(2);
  return { [Symbol.asyncDispose]: () => other.abandon() };
}

test.each([["find"], ["take"]] as const)(
  "what an owner refuses that has lost its module is repeated at the real one: %s",
  async (name) => {
    await using it = await office();
    expect(await it.call(name)).toBe("a");
    await using _other = await takeOwnership(it);
    for (let time = 0; time < 8; time++) expect(await it.call(name)).toBe("b");
    expect(it.ran).toEqual(["a", ...Array.from({ length: 8 }, () => "b")]);
  },
);

const failing = (executed: "no" | "unknown", fault: TransportFault) =>
  new TransportError("UNREACHABLE", executed, "hm", { fault });

test.each([
  ["a command that surely did not run there", "take", failing("no", "callee"), "b"],
  ["a query that may have run there", "find", failing("unknown", "callee"), "b"],
  ["no command that may have run there", "take", failing("unknown", "callee"), undefined],
  ["nothing that was relayed by its callee", "find", failing("no", "neither"), undefined],
] as const)("of what is answered without a result is repeated: %s", async (...row) => {
  const [, name, error, answer] = row;
  await using it = await office();
  it.errors.set("a", error);
  const met = await it.call(name);
  if (answer !== undefined) expect(met).toBe(answer);
  else expect(met).toMatchObject({ executed: error.executed, fault: error.fault });
  expect(it.ran).toEqual(answer === undefined ? ["a"] : ["a", "b"]);
});
