import { expect, test } from "bun:test";
import { modules } from "../modules/index.ts";
import { command, contract, event, query, t } from "../runtime/index.ts";
import { operationsOf } from "../runtime/module/operations.ts";
import { openListsOf } from "../runtime/testing/open-lists.ts";

test("every list of a contract has a bound", () => {
  const contracts = [...modules.map((one) => one.contract), operationsOf("orders")];
  expect(contracts.flatMap(openListsOf)).toEqual([]);
});

test("a list without a bound is found wherever it stands", () => {
  const open = t.Array(t.Null());
  const bounded = t.Array(t.Object({ inner: open }), { maxItems: 2 });
  const shelf = contract("shelf", {
    find: query({
      input: t.Object({ a: t.Optional(open) }),
      output: t.Record(t.String(), t.Null()),
    }),
    put: command({
      input: t.Object({}),
      output: t.Union([t.Null(), bounded]),
      errors: { FULL: t.Object({ b: open }) },
    }),
    told: event(1, t.Object({ c: t.Array(t.Null(), { maxItems: 1 }), d: open })),
  });
  expect(openListsOf(shelf).map((sentence) => sentence.replace(/ a list.*/, ""))).toEqual([
    "The input of shelf.find, at a, has",
    "The output of shelf.find has",
    "The output of shelf.put, at inner, has",
    "The data of shelf.put FULL, at b, has",
    "The payload of shelf.told, at d, has",
  ]);
});
