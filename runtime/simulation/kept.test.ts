import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepSeed, keptSeeds } from "./kept.ts";

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/kept.json`;
});
afterEach(() => folder[Symbol.dispose]());

test("seeds that failed are kept in a file, in their order and each once", () => {
  expect(keptSeeds(path)).toEqual([]);
  keepSeed(path, { seed: 9, found: "the books do not agree" });
  keepSeed(path, { seed: 4, found: "a saga is stuck" });
  keepSeed(path, { seed: 9, found: "something else" });
  expect(keptSeeds(path)).toEqual([
    { seed: 9, found: "the books do not agree" },
    { seed: 4, found: "a saga is stuck" },
  ]);
  expect(readFileSync(path, "utf8")).toEndWith("]\n");
});

test.each([['{"seed":1}'], ['[{"seed":"1","found":""}]'], ["[1]"]])(
  "a file that says %s is refused",
  (text) => {
    writeFileSync(path, text);
    expect(() => keptSeeds(path)).toThrow(/is no list of .* Mend it, or delete it\./);
  },
);
