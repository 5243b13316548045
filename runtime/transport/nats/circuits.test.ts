import { afterAll, beforeAll, expect, test } from "bun:test";
import { contract, type Procedure, proceduresOf, query } from "../../contract/contract.ts";
import { isTransportError } from "../../contract/errors.ts";
import { t } from "../../contract/schema.ts";
import { Broker } from "../../testing/broker.ts";
import { eventually } from "../../testing/eventually.ts";
import { hurriedEnvironment } from "../../testing/hurried-environment.ts";
import { links } from "../../testing/links.ts";
import { requestOfDesk } from "../../testing/request.ts";

/** How much faster time passes, at both ends. */
const TIMES = 2;
const shape = { input: t.Object({}), output: t.String() };
const shelf = contract("shelf", { find: query(shape), hold: query(shape) });
const manifest = [
  links("shelf", { queries: ["find", "hold"] }),
  links("desk", { calls: [{ callee: "shelf", procedures: ["find", "hold"] }] }),
];

let broker: Broker;
beforeAll(async () => {
  broker = await Broker.open(manifest);
});
afterAll(() => broker[Symbol.asyncDispose]());

/** A desk, and a shelf of which one query is answered at once and the other never. */
async function office() {
  const stack = new AsyncDisposableStack();
  const environment = hurriedEnvironment(TIMES);
  const open = async (user: string, callees: readonly string[]) => {
    const balance = { callees: () => callees, version: "1" };
    const opened = await broker.connect({ users: [user], instance: user, balance, environment });
    stack.defer(() => opened.close());
    return opened;
  };
  const shelves = await open("shelf", []);
  const desks = await open("desk", ["shelf"]);
  const traffic = () => ({ inFlight: 0, calls: 0, errors: 0 });
  const offer = { module: "shelf", procedures: proceduresOf(shelf), isReader: false, traffic };
  const held: ((answer: string) => void)[] = [];
  shelves.serve(offer, async ({ name }) =>
    name === "find" ? '"found"' : new Promise<string>((resolve) => held.push(resolve)),
  );
  // A shelf waits for what it has begun before it closes.
  stack.defer(() => void held.map((answer) => answer('"late"')));
  await shelves.ready();
  await eventually(
    async () => desks.neighbours.directory.all("shelf").length,
    (count) => count === 1,
  );
  return {
    ask(procedure: Procedure, deadlineMs: number) {
      const deadlineAtMs = environment.monotonic() + deadlineMs;
      const request = { ...requestOfDesk(environment), deadlineAtMs };
      return desks
        .call(procedure, {}, request)
        .catch((error: unknown) => (isTransportError(error) ? error.code : error));
    },
    circuits: () => desks.neighbours.balancer?.circuits() ?? [],
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("a query that is given too little time closes no way, to itself or to others", async () => {
  await using it = await office();
  for (let time = 0; time < 10; time++) {
    expect(await it.ask(shelf.hold, 60)).toBe("DEADLINE");
    expect(await it.ask(shelf.find, 60_000)).toBe("found");
  }
  expect(it.circuits().map(({ state }) => state)).toEqual(["closed", "closed"]);
});

test("a query that never answers in six seconds is left alone, and no other one", async () => {
  await using it = await office();
  const met = await Promise.all(Array.from({ length: 5 }, () => it.ask(shelf.hold, 6_000)));
  expect(new Set(met)).toEqual(new Set(["DEADLINE"]));
  for (let time = 0; time < 10; time++) {
    expect(await it.ask(shelf.find, 60_000)).toBe("found");
  }
  const circuits = it.circuits().map(({ procedure, state }) => `${procedure} ${state}`);
  expect(circuits).toContain("shelf.hold open");
  expect(circuits).toContain("shelf.find closed");
});
