import { expect, test } from "bun:test";
import { Overdue } from "./overdue.ts";

const MINUTE_MS = 60_000;

/** What is said of these debts, of which each look, a minute after the other, sees some. */
function saidOf(looks: readonly (readonly string[])[]): readonly string[] {
  const overdue = new Overdue();
  for (const [minute, owed] of looks.entries()) overdue.look(owed, minute * MINUTE_MS);
  return overdue.sentences;
}

test("what is owed for longer than five minutes is told, also when it was paid then", () => {
  const [six, seven] = [Array(6).fill(["a"]), Array(7).fill(["a", "b"])];
  expect(saidOf([...six, []])).toEqual([]);
  expect(saidOf([...seven, []])).toEqual([
    "For more than 5 minutes in which no fault happened a",
    "For more than 5 minutes in which no fault happened b",
  ]);
});

test("what was paid in between is owed anew", () => {
  const six = Array(6).fill(["a"]);
  expect(saidOf([...six, [], ...six])).toEqual([]);
});
