import { expect, test } from "bun:test";
import { join } from "node:path";
import { thrownText } from "./places.ts";

const root = join(import.meta.dir, "../..");

/** An error with this stack, of files of this project. */
function thrownAt(...places: readonly string[]): Error {
  const error = new Error("hm");
  const frames = places.map((place) => `    at work (${join(root, place)}:5)`);
  error.stack = ["Error: hm", ...frames].join("\n");
  return error;
}

test.each([
  [["deploy/shop.ts:7"], "hm (at deploy/shop.ts:7)"],
  [["node_modules/a/b.js:1", "runtime/saga/saga.ts:2", "modules/a.ts:3"], "hm (at modules/a.ts:3)"],
  [["runtime/testing/sample/desk.ts:9"], "hm (at runtime/testing/sample/desk.ts:9)"],
  [["runtime/simulation/clients.ts:4"], "hm"],
])("an error thrown at %j is told as %j", (places, text) => {
  expect(thrownText(thrownAt(...places))).toBe(text);
});

test("who started the run is not told to have thrown what was thrown in it", () => {
  const starter = ["runtime/simulation/simulate.ts:98", "modules/gifts/gifts.test.ts:10"];
  expect(thrownText(thrownAt("runtime/simulation/run.ts:151", ...starter))).toBe("hm");
  expect(thrownText(thrownAt("runtime/simulation/world.ts:114", ...starter))).toBe("hm");
});

test("what the platform itself calls is no place", () => {
  const error = thrownAt("modules/a.ts:3");
  error.stack = `    at write (node:internal/streams:9:1)\n${error.stack}`;
  expect(thrownText(error)).toBe("hm (at modules/a.ts:3)");
});

test("a place that an error names itself is not told twice", () => {
  const error = thrownAt("modules/a.ts:3");
  error.message = "modules/a.ts:3 called it.";
  expect(thrownText(error)).toBe("modules/a.ts:3 called it.");
});

const throwing = {
  get() {
    throw new Error("not to be read");
  },
};

test.each([
  ["an object without a prototype", Object.create(null), "something of which no text can be made"],
  ["a number as message", Object.defineProperty(new Error(), "message", { value: 7 }), "7"],
  ["a stack that throws", Object.defineProperty(new Error("hm"), "stack", throwing), "hm"],
  [
    "a message that throws",
    Object.defineProperty(new Error("hm"), "message", throwing),
    "something of which no text can be made",
  ],
  ["nothing", undefined, "undefined"],
])("%s is told, whatever it does to be told", (_what, thrown, text) => {
  expect(thrownText(thrown)).toBe(text);
});

test("what is thrown and no error is told as it is", () => {
  expect(thrownText("hm")).toBe("hm");
});
