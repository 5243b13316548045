import { expect, test } from "bun:test";
import { readArguments } from "./arguments.ts";

const read = (...words: string[]) => readArguments(words, "buying");

test.each(["--only", "--story", "--until", "--break-at"])(
  "%s without --seed is refused, for it would be passed over",
  (name) => {
    expect(() => read("--seeds", "3", name, "03:07")).toThrow(
      `${name} is about one run. Say which with --seed 7.`,
    );
    expect(read("--seed", "7", name, "03:07").seed).toBe(7);
  },
);

test.each(["--seeds", "--from", "--jobs"])("%s beside --seed is refused", (name) => {
  expect(() => read("--seed", "7", name, "3")).toThrow(
    `${name} is about many runs, and --seed 7 is one alone. Leave one of them out.`,
  );
});

test("a number that is none is refused with what it may be", () => {
  expect(() => read("--jobs", "x")).toThrow('--jobs is "x", but it is a whole number from 0 on.');
  expect(() => read("--from", "x")).toThrow("from 0 on or the word commit.");
});
