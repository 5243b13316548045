import { describe, expect, test } from "bun:test";
import { type Contract, command, contract, event, type Procedure } from "../contract/contract.ts";
import { t } from "../contract/schema.ts";
import { reaction } from "../messaging/reaction.ts";
import { saga } from "../saga/saga.ts";
import type { Module } from "./define-module.ts";
import { handler, type Work } from "./handler.ts";
import { operationsOf } from "./operations.ts";
import { port } from "./port.ts";
import { graphMistakes } from "./registry.ts";
import { declareUses } from "./uses.ts";

const empty = { input: t.Object({}), output: t.Object({}) };
const a = contract("a", { run: command(empty), ran: event(1, t.Object({})) });
const b = contract("b", { run: command(empty) });
const c = contract("c", { run: command(empty) });

const handlerOf = (procedure: Procedure) =>
  handler(procedure, (_input, { transaction }) => transaction(() => ({}) as never) as never);
const calling = declareUses([b.run, c.run]);
const answer: Work<typeof a.run, never> = (_input, { transaction }) => transaction(() => ({}));
const begun = { version: 1, input: t.Object({}), deadlineMs: 1 };

/** A module with nothing wrong, but for what is planted. */
function planted(own: Contract & { run: Procedure }, wrong: Partial<Module> = {}): Module {
  const handlers = { run: handlerOf(own.run) };
  const parts = { uses: [], reactions: [], sagas: [], schema: {}, migrations: [], ports: [] };
  return { contract: own, handlers, ...parts, ...wrong };
}

const mail = port("mail", { settings: t.Object({}), open: () => ({}) });
const buy = saga("a.buy", { version: 2, input: t.Object({}), deadlineMs: 1 });
const gone = contract("a", { gone: event(1, t.Object({})) });

/** The mistakes of modules that are all there is. */
const mistakesOf = (modules: readonly Module[]) =>
  graphMistakes(
    modules,
    modules.map((one) => one.contract),
  );

describe("the registry", () => {
  test("takes a module whose neighbours run elsewhere, by their contracts", () => {
    const alone = [planted(a, { uses: [b.run] })];
    expect(graphMistakes(alone, [a, b])).toEqual([]);
    expect(graphMistakes(alone, [a])).toHaveLength(1);
  });

  test("finds nothing wrong with a graph that goes one way", () => {
    const modules = [
      planted(a, { uses: [b.run, c.run] }),
      planted(b, { uses: [c.run] }),
      planted(c),
    ];
    expect(mistakesOf(modules)).toEqual([]);
  });

  test.each([
    [
      "a module twice",
      [planted(a), planted(a)],
      "The module a is listed twice. List it once in modules/index.ts.",
    ],
    [
      "a module that uses itself",
      [planted(a, { uses: [a.run] })],
      'a lists itself in "uses". Leave it out.',
    ],
    [
      "a use of an unknown module",
      [planted(a, { uses: [b.run] })],
      "a uses b, which is no module here. Add it to modules/index.ts.",
    ],
    [
      "a use of a procedure that its module does not offer",
      [planted(a, { uses: [contract("b", { stop: command(empty) }).stop] }), planted(b)],
      "a uses b.stop, which b does not offer. " +
        'Declare it in modules/b/contract.ts or remove it from "uses".',
    ],
    [
      "a use of an operation, which is for operators",
      [planted(a, { uses: [operationsOf("b").cleaveDiscard] }), planted(b)],
      "a uses b.cleaveDiscard, which b does not offer. " +
        'Declare it in modules/b/contract.ts or remove it from "uses".',
    ],
    [
      "a handler that may call more than its module",
      [
        planted(a, { uses: [c.run], handlers: { run: calling.handler(a.run, answer) } }),
        planted(b),
        planted(c),
      ],
      'The handler of a.run may call b.run, which a leaves out of its "uses". ' +
        "Declare the uses of a once, and give them to defineModule.",
    ],
    [
      "a saga that may call more than its module",
      [planted(a, { uses: [c.run], sagas: [calling.saga("a.buy", begun)] }), planted(b)],
      'The saga a.buy may call b.run, which a leaves out of its "uses". ' +
        "Declare the uses of a once, and give them to defineModule.",
    ],
    [
      "a handler of no procedure of its contract",
      [planted(a, { handlers: { run: handlerOf(a.run), walk: handlerOf(b.run) } })],
      "a has a handler of b.run under the name walk, which is no such procedure of its contract. " +
        "Remove it, or declare the procedure.",
    ],
    [
      "a missing handler",
      [planted(a, { handlers: {} })],
      'a.run has no handler of its own. Add it to "handlers" in its module.ts.',
    ],
    [
      "a misplaced handler",
      [planted(a, { handlers: { run: handlerOf(b.run) } })],
      'a.run has no handler of its own. Add it to "handlers" in its module.ts.',
    ],
    [
      "a reaction to an event that nobody declares",
      [planted(a), planted(b, { reactions: [reaction(gone.gone, () => {})] })],
      "b reacts to a.gone, which a does not declare. " +
        "Declare it in modules/a/contract.ts or remove the reaction.",
    ],
    [
      "a reaction to an event of a module that is not in the list",
      [planted(b, { reactions: [reaction(a.ran, () => {})] })],
      "b reacts to a.ran, but a is no module here. " +
        "Add it to modules/index.ts or remove the reaction.",
    ],
    [
      "a second reaction to one event",
      [
        planted(a),
        planted(b, { reactions: [reaction(a.ran, () => {}), reaction(a.ran, () => {})] }),
      ],
      "b has the reaction to a.ran twice. Keep one.",
    ],
    [
      "a saga twice",
      [planted(a, { sagas: [buy, buy] })],
      "a has the saga a.buy of version 2 twice. Keep one.",
    ],
    ["a port twice", [planted(a, { ports: [mail, mail] })], "a has the port mail twice. Keep one."],
    [
      "a circle of calls",
      [planted(a, { uses: [b.run] }), planted(b, { uses: [c.run] }), planted(c, { uses: [a.run] })],
      "Calls go in a circle: a → b → c → a. Turn one of them into an event and a reaction.",
    ],
  ])("refuses %s", (_what, modules, sentence) => {
    expect(mistakesOf(modules)).toContain(sentence);
  });

  test("tells every mistake at once", () => {
    const modules = [planted(a, { uses: [b.run], handlers: {} }), planted(c, { handlers: {} })];
    expect(mistakesOf(modules)).toHaveLength(3);
  });
});
