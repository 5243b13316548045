import { describe, expect, test } from "bun:test";
import { command, contract, defineModule, event, handler, reaction, saga, t } from "../index.ts";
import { place, placements } from "../testing/place.ts";
import { react } from "./reaction.ts";

/** The name of a method of promises. */
const word = "then";
const nothing = t.Object({});
const bell = contract("bell", {
  ring: command({ input: nothing, output: nothing }),
  rung: event(1, nothing),
});
const bellModule = defineModule({
  contract: bell,
  migrations: [],
  handlers: {
    ring: handler(bell.ring, (_input, { transaction }) =>
      transaction((tx) => {
        tx.emit(bell.rung, {});
        return {};
      }),
    ),
  },
});

const route = t.Object({
  if: t.String(),
  [word]: t.String(),
  next: t.String(),
  intent: t.String(),
});
const porter = contract("porter", {
  answer: command({ input: nothing, output: nothing }),
  intend: command({ input: nothing, output: nothing }),
  begin: command({ input: nothing, output: nothing }),
  /** Gives data back whose properties have the names of a promise's and a generator's methods. */
  direct: command({ input: route, output: route }),
  did: event(1, t.Object({ what: t.String() })),
});

/** A porter whose every transaction returns what `result` makes. */
function porterModule(result: () => unknown) {
  const opening = saga("porter.opening", { version: 1, input: nothing, deadlineMs: 86_400_000 })
    .pivot("decided", (tx) => {
      tx.emit(porter.did, { what: "pivot" });
      return result();
    })
    .ending((tx) => {
      tx.emit(porter.did, { what: "ending" });
      return result();
    });
  return defineModule({
    contract: porter,
    migrations: [],
    sagas: [opening],
    reactions: [
      reaction(bell.rung, (tx) => {
        tx.emit(porter.did, { what: "reaction" });
        return result();
      }),
    ],
    handlers: {
      answer: handler(porter.answer, (_input, { transaction }) =>
        transaction((tx) => {
          tx.emit(porter.did, { what: "transaction" });
          return (result() ?? {}) as never;
        }),
      ),
      intend: handler(porter.intend, async (_input, { intent, transaction }) => {
        await intent((tx) => {
          tx.emit(porter.did, { what: "intent" });
          return result();
        });
        return transaction(() => ({}));
      }),
      begin: handler(porter.begin, (_input, { transaction }) =>
        transaction((tx) => {
          tx.start(opening, "1", {});
          return {};
        }),
      ),
      direct: handler(porter.direct, async (given, { intent, transaction }) => {
        const kept = await intent(() => given);
        return transaction(() => kept);
      }),
    },
  });
}

const unended = [
  ["a promise", () => Promise.resolve({}), "promise"],
  ["a promise that rejects", () => Promise.reject(new RangeError("later")), "promise"],
  ["a thenable", () => Object.assign({}, { [word]: () => {} }), "promise"],
  [
    "a generator",
    function* () {
      yield 1;
    },
    "generator",
  ],
  [
    "an async generator",
    async function* () {
      yield 1;
    },
    "generator",
  ],
] as const;

describe.each(placements)("%s", (placement) => {
  test.each(unended)("a function that returns %s commits nothing and is told", async (...row) => {
    const [, make, what] = row;
    let result: () => unknown = make;
    await using house = await place(placement, [bellModule, porterModule(() => result())]);
    const said = () =>
      house.events.flatMap(({ type, payload }) => (type === "porter.did" ? [payload] : []));
    const refused = (name: string) => `${name} returned a ${what}, but its transaction ends now.`;

    const asked = [house.call(porter.answer, {}), house.call(porter.intend, {})];
    const errors = await Promise.all(asked.map((one) => one.catch((error: unknown) => error)));
    expect(errors).toMatchObject([{ name: "Defect" }, { name: "Defect" }]);
    expect(String(errors[0])).toContain(refused("The transaction of porter.answer"));
    expect(String(errors[1])).toContain(refused("An intent of porter.intend"));

    await house.call(bell.ring, {});
    await house.call(porter.begin, {});
    await house.advance(50);
    expect(said()).toEqual([]);
    const problems = house.problems.map((one) => Bun.inspect(one)).join("\n");
    expect(problems).toContain(refused("The pivot decided of the saga porter.opening"));

    // What was refused was not passed over.
    result = () => undefined;
    await house.advance(3_600_000);
    const done = ["ending", "pivot", "reaction"].map((what) => ({ what }));
    expect(said().sort((a, b) => Bun.inspect(a).localeCompare(Bun.inspect(b)))).toEqual(done);
  });

  test("an answer with properties called then, next and intent is data", async () => {
    await using house = await place(placement, [bellModule, porterModule(() => undefined)]);
    const given = { if: "paid", [word]: "ship", next: "rest", intent: "none" };
    expect(await house.call(porter.direct, given)).toEqual(given);
  });
});

test.each(unended)("a reaction that returns %s is told by its event", (_name, make, what) => {
  const careless = reaction(bell.rung, () => make() as never);
  expect(() => react({} as never, careless, "{}")).toThrow(
    `The reaction to bell.rung returned a ${what}, but its transaction ends now.`,
  );
});

test("the end of a saga that returns a promise is tried again, and then it is stuck", async () => {
  const opening = saga("porter.opening", { version: 1, input: nothing, deadlineMs: 1_000 }).ending(
    (tx) => {
      tx.emit(porter.did, { what: "ending" });
      return Promise.resolve() as never;
    },
  );
  const { handlers } = porterModule(() => undefined);
  const begin = handler(porter.begin, (_input, { transaction }) =>
    transaction((tx) => {
      tx.start(opening, "1", {});
      return {};
    }),
  );
  const module = {
    ...porterModule(() => undefined),
    sagas: [opening],
    handlers: { ...handlers, begin },
  };
  await using house = await place("in process, encoded", [bellModule, module as never]);
  await house.call(porter.begin, {});
  await house.advance(60_000);
  expect(house.events).toEqual([]);
  expect(Bun.inspect(house.problems)).toContain(
    "The ending of the saga porter.opening returned a promise, but its transaction ends now.",
  );
});

describe("a function that is written as", () => {
  const kinds = [
    ["AsyncFunction", async () => {}],
    ["GeneratorFunction", function* () {}],
    ["AsyncGeneratorFunction", async function* () {}],
  ] as const;
  const outlives = (where: string, kind: string) =>
    `${where} is an ${kind}, which outlives its transaction.`;

  test.each(kinds)("%s is refused as a reaction, a pivot and an ending", (kind, work) => {
    const define = saga("porter.opening", { version: 1, input: nothing, deadlineMs: 1_000 });
    expect(() => reaction(bell.rung, work as never)).toThrow(
      outlives("The reaction to bell.rung", kind),
    );
    expect(() => define.pivot("decided", work as never)).toThrow(
      outlives("The pivot decided of the saga porter.opening", kind),
    );
    expect(() => define.ending(work as never)).toThrow(
      outlives("The ending of the saga porter.opening", kind),
    );
  });

  test("an async function is refused as a transaction and an intent before it is run", async () => {
    const ran: string[] = [];
    const work = async () => void ran.push("something");
    const { handlers } = porterModule(() => undefined);
    const answer = handler(porter.answer, (_input, { transaction }) => transaction(work as never));
    const intend = handler(porter.intend, async (_input, { intent, transaction }) => {
      await intent(work as never);
      return transaction(() => ({}));
    });
    const changed = { ...porterModule(() => undefined), handlers: { ...handlers, answer, intend } };
    await using house = await place("in process", [bellModule, changed as never]);
    await expect(house.call(porter.answer, {})).rejects.toThrow(
      outlives("The transaction of porter.answer", "AsyncFunction"),
    );
    await expect(house.call(porter.intend, {})).rejects.toThrow(
      outlives("An intent of porter.intend", "AsyncFunction"),
    );
    expect(ran).toEqual([]);
  });
});
