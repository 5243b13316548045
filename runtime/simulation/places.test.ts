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

test("what is thrown and no error is told as it is", () => {
  expect(thrownText("hm")).toBe("hm");
});
