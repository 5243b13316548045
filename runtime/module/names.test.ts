import { describe, expect, test } from "bun:test";
import { brokerUsers } from "../contract/broker-users.ts";
import {
  command,
  contract,
  declareUses,
  defineModule,
  event,
  handler,
  port,
  query,
  reaction,
  saga,
  t,
} from "../index.ts";
import { place, placements } from "../testing/place.ts";

const Empty = t.Object({});
const procedure = query({ input: Empty, output: Empty });
const beginning = { version: 1, input: Empty, deadlineMs: 1_000 };
const longName = "a".repeat(61);

const kitchen = contract("kitchen-2_b", {
  cleaverById: query({ input: Empty, output: t.Object({ name: t.String() }) }),
  cleaved_in_two: command({ input: Empty, output: Empty }),
  "cleaver-1": event(1, Empty),
  constructor: query({ input: Empty, output: Empty }),
});
const cook = contract("cook", {
  ask: query({ input: Empty, output: t.Object({ name: t.String() }) }),
  cuts: query({ input: Empty, output: t.Object({ count: t.Integer() }) }),
});

function modules() {
  let count = 0;
  const kitchenModule = defineModule({
    contract: kitchen,
    migrations: [],
    handlers: {
      cleaverById: handler(kitchen.cleaverById, () => ({ name: "chopper" })),
      cleaved_in_two: handler(kitchen.cleaved_in_two, (_input, { transaction }) =>
        transaction((tx) => {
          tx.emit(kitchen["cleaver-1"], {});
          return {};
        }),
      ),
      constructor: handler(kitchen.constructor, () => ({})),
    },
  });
  const { uses, handler: cooking } = declareUses([kitchen.cleaverById, kitchen.constructor]);
  const cookModule = defineModule({
    contract: cook,
    uses,
    migrations: [],
    handlers: {
      ask: cooking(cook.ask, async (_input, { call }) => {
        await call(kitchen.constructor, {});
        return call(kitchen.cleaverById, {});
      }),
      cuts: handler(cook.cuts, () => ({ count })),
    },
    reactions: [
      reaction(kitchen["cleaver-1"], () => {
        count += 1;
      }),
    ],
  });
  return [kitchenModule, cookModule];
}

describe.each(placements)("every name that can be defined, %s,", (placement) => {
  test("can be called and taken in, also what begins like a reserved word", async () => {
    await using both = await place(placement, modules(), { duplicate: false });
    expect(await both.call(cook.ask, {})).toEqual({ name: "chopper" });
    await both.call(kitchen.cleaved_in_two, {});
    await both.settle();
    expect(await both.call(cook.cuts, {})).toEqual({ count: 1 });
  });
});

describe("refused at its definition is", () => {
  const unfit = ["", "get.item", "ünï", "a b", "1a", "a\nb", "a/b", "*", ">", "../a", longName];

  test.each([...unfit, "Shelf", "__proto__"])("a module called %j", (name) => {
    expect(() => contract(name, {})).toThrow(
      `A module is called "${name}". Call it by a lower-case letter and then lower-case letters, ` +
        "digits, _ and -, at most 60 in all.",
    );
  });

  test.each([...brokerUsers, "cleave", "cleave-shop"])(
    "a module called %s, as a part of Cleave is",
    (name) => {
      expect(() => contract(name, {})).toThrow(
        `A module is called ${name}, as a part of Cleave is. Rename it.`,
      );
    },
  );

  test.each([...unfit, "__proto__", "_a"])("a procedure, event or step called %j", (name) => {
    const sentence =
      `is called "${name}". Call it by a letter from a to z and then such letters, digits, _ and ` +
      "-, at most 60 in all.";
    const define = (one: unknown) => () => contract("shop", { [name]: one as typeof procedure });
    expect(define(procedure)).toThrow(`A procedure of shop ${sentence}`);
    expect(define(event(1, Empty))).toThrow(`An event of shop ${sentence}`);
    const walk = saga("shop.walk", beginning);
    const where = "A step of the saga shop.walk";
    expect(() => walk.step(name, { run: async () => null })).toThrow(`${where} ${sentence}`);
    expect(() => walk.pivot(name, () => {})).toThrow(`${where} ${sentence}`);
  });

  test.each(["cleave", "cleaveSagas", "cleave_list", "cleave-1"])(
    "a procedure or event called %s, as the kernel's own are",
    (name) => {
      for (const one of [procedure, event(1, Empty)]) {
        expect(() => contract("shop", { [name]: one as typeof procedure })).toThrow(
          `shop.${name} begins with "cleave", as the procedures do that every module has from ` +
            "Cleave. Rename it.",
        );
      }
    },
  );

  test.each(["", ".", "a..b", "shop.", "shop.walk/1", "shop/../../a", longName])(
    "a saga or port called %j",
    (name) => {
      const sentence =
        `is called "${name}". Call it by a letter from a to z and then such letters, digits, _ ` +
        "and -, in parts with dots between them, at most 60 in all.";
      expect(() => saga(name, beginning)).toThrow(`A saga ${sentence}`);
      const behind = { settings: Empty, open: () => null };
      expect(() => port(name, behind)).toThrow(`A port ${sentence}`);
    },
  );
});
