import { describe, expect, test } from "bun:test";
import {
  command,
  contract,
  declareUses,
  defineModule,
  event,
  port,
  query,
  reaction,
  saga,
  type Transaction,
  t,
} from "../index.ts";
import { type Placed, place, placements } from "../testing/place.ts";
import { errands, errandsModule } from "../testing/sample/errands.ts";
import type { CommandContext } from "./handler.ts";
import { operationsOf } from "./operations.ts";

const nothing = t.Object({});
const blundering = { input: t.Object({ what: t.String() }), output: nothing };
const clerk = contract("clerk", {
  /** Does what the module does not declare. */
  blunder: command(blundering),
  /** Has itself do so later. */
  blunderLater: command(blundering),
  /** Starts the saga of this name. */
  begin: command({ input: t.Object({ saga: t.String() }), output: nothing }),
  shown: query({ input: nothing, output: nothing }),
  /** Uses what a replica does not have. */
  askedOfAny: query(blundering),
  begun: event(1, nothing),
});
/** Of the module's name, but nothing that it offers. */
const former = contract("clerk", {
  file: command({ input: nothing, output: nothing }),
  filed: event(1, nothing),
});
const other = contract("other", { told: event(1, nothing) });
const mail = port("mail", { settings: nothing, open: () => ({}) });
const stranger = saga("clerk.stranger", { version: 1, input: nothing, deadlineMs: 1 });

type Context = CommandContext<typeof clerk.blunder>;
const later = { key: "1", atMs: 0 };
const inTransaction = (work: (tx: Transaction) => void) => (context: Context) =>
  context.transaction((tx) => {
    work(tx as Transaction);
    return {};
  });
const noCommand = "Declare it in modules/clerk/contract.ts, or use one that is there.";

/** What a module might do without declaring it, and what it is told. */
const blunders: { [what: string]: [(context: Context) => unknown, string] } = {
  "calls a procedure outside of uses": [
    ({ call }) => call(errands.undo as never, { name: "a" } as never),
    'clerk calls errands.undo without declaring it. Add errands.undo to the "uses" of clerk.',
  ],
  "opens a port outside of ports": [
    (context) => context.port(mail),
    'clerk uses the port mail without declaring it. Add it to "ports" in module.ts.',
  ],
  "waits for a saga outside of sagas": [
    ({ settled }) => settled(stranger, "1", 0),
    "The saga clerk.stranger is not in the module's sagas. Add it",
  ],
  "starts a saga outside of sagas": [
    inTransaction((tx) => tx.start(stranger, "1", {})),
    "The saga clerk.stranger is not in the module's sagas. Add it",
  ],
  "wakes a saga outside of sagas": [
    inTransaction((tx) => tx.wake(stranger, "1")),
    "The saga clerk.stranger is not in the module's sagas. Add it",
  ],
  "emits another module's event": [
    inTransaction((tx) => tx.emit(other.told, {})),
    "clerk emits other.told, which is no event of its contract. Declare it in modules/clerk/",
  ],
  "emits an event that its contract does not have": [
    inTransaction((tx) => tx.emit(former.filed, {})),
    "clerk emits clerk.filed, which is no event of its contract. Declare it in modules/clerk/",
  ],
  "schedules another module's command": [
    inTransaction((tx) => tx.schedule(errands.undo, { name: "a" }, later)),
    `clerk schedules errands.undo, which is no command of its contract. ${noCommand}`,
  ],
  "schedules a command that its contract does not have": [
    inTransaction((tx) => tx.schedule(former.file, {}, later)),
    `clerk schedules clerk.file, which is no command of its contract. ${noCommand}`,
  ],
  "schedules a query": [
    inTransaction((tx) => tx.schedule(clerk.shown as never, {} as never, later)),
    `clerk schedules clerk.shown, which is no command of its contract. ${noCommand}`,
  ],
  "takes back another module's command": [
    inTransaction((tx) => tx.unschedule(errands.undo, "1")),
    `clerk takes back errands.undo, which is no command of its contract. ${noCommand}`,
  ],
};

const declared = declareUses([errands.run]);
const options = { version: 1, input: nothing, deadlineMs: 60_000 };
const begun = (name: string) =>
  declared.saga(name, options).step("a", {
    run: ({ call }) => call(errands.run, { name: "a" }),
    compensate: ({ call }) => call(errands.undo as never, { name: "a" } as never),
  });

/** Sagas that do what the module does not declare, in every place that they have. */
const sagas = [
  declared
    .saga("clerk.calling", options)
    .step("a", { run: ({ call }) => call(errands.run, { name: "a" }) })
    .step("b", { run: ({ call }) => call(errands.undo as never, { name: "a" } as never) })
    .ending(() => {}),
  begun("clerk.deciding").pivot("b", (tx) => tx.emit(other.told, {})),
  begun("clerk.past")
    .pivot("decided", () => {})
    .step("b", { run: ({ call }) => call(errands.undo as never, { name: "a" } as never) }),
  begun("clerk.ending").ending((tx) => tx.emit(other.told, {})),
  begun("clerk.undoing").step("b", { run: ({ call }) => call(errands.run, { name: "b" }) }),
];

const clerkModule = defineModule({
  contract: clerk,
  uses: declared.uses,
  migrations: [],
  sagas,
  reactions: [reaction(clerk.begun, (tx) => tx.emit(other.told, {}))],
  handlers: {
    blunder: declared.handler(clerk.blunder, async ({ what }, context) => {
      await blunders[what]?.[0](context);
      return context.transaction(() => ({}));
    }),
    blunderLater: declared.handler(clerk.blunderLater, ({ what }, { transaction }) =>
      transaction((tx) => {
        tx.schedule(clerk.blunder, { what }, { key: what, atMs: tx.now });
        return {};
      }),
    ),
    begin: declared.handler(clerk.begin, ({ saga: name }, { transaction }) =>
      transaction((tx) => {
        const named = sagas.find((one) => one.name === name);
        if (named !== undefined) tx.start(named, "1", {});
        else tx.emit(clerk.begun, {});
        return {};
      }),
    ),
    shown: declared.handler(clerk.shown, () => ({})),
    askedOfAny: declared.handler(clerk.askedOfAny, async ({ what }, context) => {
      // As a module would that is not type-checked.
      const whole = context as unknown as Context;
      if (what === "port") whole.port(mail);
      else await whole.settled(stranger, "1", 0);
      return {};
    }),
  },
});

describe.each(placements)("what a module does not declare, %s", (placement) => {
  const open = (): Promise<Placed> =>
    place(placement, [errandsModule(new Map([["b", ["refused"]]]), []), clerkModule], {
      duplicate: false,
    });

  test("is refused at once, to a caller and to a job", async () => {
    await using office = await open();
    const { cleaveDeadLetters } = operationsOf("clerk");
    for (const [what, [, says]] of Object.entries(blunders)) {
      await expect(office.call(clerk.blunder, { what })).rejects.toThrow(says);
      await office.call(clerk.blunderLater, { what });
      await office.settle();
      const letter = (await office.call(cleaveDeadLetters, { limit: 200 })).at(-1);
      expect(letter).toMatchObject({ key: what, error: expect.stringContaining(says) });
    }
    expect(office.events).toEqual([]);
    const given = office.problems.filter((one) => Reflect.get(one as object, "attempts") === 1);
    expect(given).toHaveLength(Object.keys(blunders).length);
  });

  test.each(["port", "settled"])("a query that replicas answer has no %s", async (what) => {
    await using office = await open();
    const used = what === "port" ? "a port" : "settled";
    await expect(office.call(clerk.askedOfAny, { what })).rejects.toThrow(
      `The query clerk.askedOfAny uses ${used}, which replicas do not have. Add "ownerOnly: true"`,
    );
  });

  test.each([
    ["clerk.calling", "b", "clerk calls errands.undo without declaring it."],
    ["clerk.deciding", "b", "clerk emits other.told, which is no event of its contract."],
    ["clerk.past", "b", "clerk calls errands.undo without declaring it."],
    ["clerk.ending", "end", "clerk emits other.told, which is no event of its contract."],
  ])("stops the saga %s at once, with nothing undone", async (name, step, says) => {
    await using office = await open();
    await office.call(clerk.begin, { saga: name });
    await office.settle();
    const { cleaveSagas } = operationsOf("clerk");
    const by = { name, id: null, state: null, limit: 1 };
    expect(await office.call(cleaveSagas, by)).toMatchObject([{ state: "stuck", failure: null }]);
    expect(office.problems).toContainEqual(
      expect.objectContaining({
        message: "saga stuck",
        step,
        attempts: 1,
        setback: expect.objectContaining({
          error: expect.objectContaining({ message: expect.stringContaining(says) }),
        }),
      }),
    );
    const ledger = await office.call(errands.ledger, {});
    expect(ledger).toEqual({ a: { runs: 1, stands: true } });
  });

  test("makes a dead letter of an event, with what is to be declared", async () => {
    await using office = await open();
    await office.call(clerk.begin, { saga: "none" });
    await office.advance(5_000);
    const { cleaveDeadLetters } = operationsOf("clerk");
    expect(await office.call(cleaveDeadLetters, { limit: 1 })).toMatchObject([
      { kind: "event", name: "clerk.begun", error: expect.stringContaining("clerk emits other") },
    ]);
    expect(office.events.map(({ type }) => type)).toEqual(["clerk.begun"]);
  });

  test("is told at once when a step is undone", async () => {
    await using office = await open();
    await office.call(clerk.begin, { saga: "clerk.undoing" });
    await office.settle();
    expect(office.problems).toContainEqual(
      expect.objectContaining({
        message: "saga cannot undo a step yet",
        attempts: 1,
        error: expect.objectContaining({
          message: expect.stringContaining("clerk calls errands.undo without declaring it."),
        }),
      }),
    );
  });
});
