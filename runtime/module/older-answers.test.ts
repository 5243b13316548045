import { describe, expect, test } from "bun:test";
import type { TSchema } from "@sinclair/typebox";
import type { ErrorSchemas } from "../contract/contract.ts";
import { command, contract, defineModule, event, handler, t } from "../index.ts";
import { place, placements } from "../testing/place.ts";
import type { Module } from "./define-module.ts";

const Input = t.Object({ refuse: t.Boolean() });

/** A module of one version: its command's answer and refusal have this shape, and hold `value`. */
function version(output: TSchema, errors: ErrorSchemas, value: unknown) {
  const press = contract("press", {
    print: command({ input: Input, output, errors }),
    printed: event(1, t.Object({})),
  });
  const module = defineModule({
    contract: press,
    migrations: [],
    handlers: {
      print: handler(press.print, ({ refuse }, { transaction, fail }) =>
        transaction((tx) => {
          tx.emit(press.printed, {});
          return (refuse ? fail("JAMMED" as never, value as never) : value) as never;
        }),
      ),
    },
  });
  return { print: press.print, module };
}

const Old = t.Object({ a: t.Integer(), b: t.String() });
const older = version(Old, { JAMMED: Old }, { a: 1, b: "x" });

const changes: readonly [string, TSchema, unknown][] = [
  ["is given where it fits", Old, { a: 1, b: "x" }],
  ["has no property that is not declared any more", t.Object({ a: t.Integer() }), { a: 1 }],
  [
    "may lack a new optional property",
    t.Object({ a: t.Integer(), c: t.Optional(t.String()) }),
    { a: 1 },
  ],
  [
    "is refused where it lacks a new property",
    t.Object({ a: t.Integer(), c: t.String() }),
    undefined,
  ],
  ["is refused where a property is of another kind", t.Object({ a: t.String() }), undefined],
];
const rows = placements.flatMap((placement) =>
  changes.map(([what, shape, given]) => ({ placement, what, shape, given })),
);

/** Has the command done under the older contract, and asked again under a newer one. */
async function askedAgain(
  placement: (typeof placements)[number],
  newer: typeof older,
  refuse: boolean,
) {
  const modules: Module[] = [older.module];
  const shop = await place(placement, modules, { duplicate: false });
  const outcome = (print: typeof older.print) =>
    shop.call(print, { refuse }, { key: "k" }).then(
      (answer) => ({ answer }),
      (error: unknown) => ({ error }),
    );
  await outcome(older.print);
  modules[0] = newer.module;
  await shop.restart();
  const again = [await outcome(newer.print), await outcome(newer.print)];
  expect(again[1]).toEqual(again[0] as never);
  const times = shop.events.length;
  await shop[Symbol.asyncDispose]();
  return { ...again[0], times };
}

describe.each(rows)("$placement, an answer that was stored under an older contract", (row) => {
  const { placement, what, shape, given } = row;
  const newer = version(shape, { JAMMED: shape }, { a: 2, b: "y", c: "z" });

  test(what, async () => {
    const again = await askedAgain(placement, newer, false);
    if (given === undefined) {
      expect(again).toMatchObject({
        error: {
          name: "ContractError",
          message: expect.stringMatching(
            /^The answer of press.print does not fit .* the command was done, and is not/,
          ),
        },
      });
    } else expect(again).toMatchObject({ answer: given });
    expect(again.times).toBe(1);
  });

  test(`${what}, as a refusal`, async () => {
    const again = await askedAgain(placement, newer, true);
    expect(again).toMatchObject({
      error:
        given === undefined
          ? {
              name: "ContractError",
              message: expect.stringMatching(
                /^The data of press.print JAMMED does not fit .* the command was done, and is not/,
              ),
            }
          : { name: "DomainError", code: "JAMMED", data: given },
    });
    expect(again.times).toBe(1);
  });
});

test.each(placements)(
  "%s, a stored refusal that is declared no more is told as one",
  async (at) => {
    const newer = version(Old, { OTHER: Old }, { a: 2, b: "y" });
    const again = await askedAgain(at, newer, true);
    expect(again).toMatchObject({
      error: {
        name: "ContractError",
        message: expect.stringContaining(
          "The answer of press.print is JAMMED, which its contract does not declare. It was stored",
        ),
      },
      times: 1,
    });
  },
);
