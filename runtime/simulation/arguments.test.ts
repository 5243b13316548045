import { expect, test } from "bun:test";
import { readArguments } from "./arguments.ts";

const read = (...words: string[]) => readArguments(words, "buying");

test.each([
  ["--only", "pause core #1"],
  ["--story", "ord_1"],
  ["--until", "03:07"],
  ["--break-at", "text"],
])("%s without --seed is refused, for it would be passed over", (name, value) => {
  expect(() => read("--seeds", "3", name, value)).toThrow(
    `${name} is about one run. Say which with --seed 7.`,
  );
  expect(read("--seed", "7", name, value).seed).toBe(7);
});

test.each(["--seeds", "--from", "--jobs"])("%s beside --seed is refused", (name) => {
  expect(() => read("--seed", "7", name, "3")).toThrow(
    `${name} is about many runs, and --seed 7 is one alone. Leave one of them out.`,
  );
});

test("a number that is none is refused with what it may be", () => {
  expect(() => read("--jobs", "x")).toThrow(
    '--jobs is "x", but it is a whole number from 1 to 256.',
  );
  expect(() => read("--from", "x")).toThrow("from 0 to 4294967295 or the word commit.");
});

test.each([
  ["seed", "", "from 0 to 4294967295"],
  ["seed", "4294967296", "from 0 to 4294967295"],
  ["from", " ", "from 0 to 4294967295 or the word commit"],
  ["from", "4294967296", "from 0 to 4294967295 or the word commit"],
  ["seeds", "10000001", "from 0 to 10000000"],
  ["minutes", "10081", "from 0 to 10080"],
  ["minutes", "", "from 0 to 10080"],
  ["jobs", "257", "from 1 to 256"],
  ["jobs", "0", "from 1 to 256"],
])("--%s %p is refused with what it may be", (name, text, range) => {
  expect(() => read(`--${name}=${text}`)).toThrow(
    `--${name} is "${text}", but it is a whole number ${range}.`,
  );
});

test("a number below zero is refused by its own name, with and without =", () => {
  const refused = '--seeds is "-3", but it is a whole number from 0 to 10000000.';
  expect(() => read("--seeds", "-3")).toThrow(refused);
  expect(() => read("--seeds=-3")).toThrow(refused);
});

test.each([["--seeds"], ["--seeds --jobs 2"], ["--seeds -x"]])(
  "that %p gives no value is told in one sentence",
  (words) => {
    expect(() => read(...words.split(" "))).toThrow(/^--seeds has no value\. It is written: sim/);
  },
);

test("the limits themselves are taken", () => {
  expect(read("--seed", "4294967295", "--minutes", "10080")).toMatchObject({
    seed: 4_294_967_295,
    minutes: 10_080,
  });
  expect(read("--from", "4284967296", "--seeds", "10000000").seeds).toBe(10_000_000);
});

test("seeds that would go on beyond the last are refused", () => {
  expect(() => read("--from", "4294967290", "--seeds", "7")).toThrow(
    "--from 4294967290 with --seeds 7 goes on to seed 4294967296, but the last is 4294967295.",
  );
  expect(read("--from", "4294967290", "--seeds", "6").from).toBe(4_294_967_290);
});

test("a time with sixty seconds or more is refused", () => {
  const until = (text: string) => read("--seed", "7", "--until", text).untilMs;
  expect(() => until("0:75")).toThrow('--until is "0:75", but it is a virtual time such as 03:07');
  expect(() => until("0:60")).toThrow("its seconds below 60.");
  expect([until("0:59.5"), until("1:7")]).toEqual([59_500, 67_000]);
});

test("a fault that no run has lists the kinds of faults, whatever else is allowed", () => {
  for (const name of ["nothing", "pause", "melt core #1"]) {
    const only = () => read("--seed", "7", "--only", "none", "--only", name);
    expect(only).toThrow(`--only is "${name}", which no fault of a run is called.`);
    expect(only).toThrow("Their kinds are: kill, ");
  }
  const allowed = read("--seed", "7", "--only", "pause core #1", "--only", "none").only;
  expect(allowed).toEqual(new Set(["pause core #1"]));
});
