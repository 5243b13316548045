import { afterEach, beforeEach, expect, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepSeed, keptSeeds } from "./kept.ts";

const kept = { seed: 1, minutes: 10, faults: [], found: "the books do not agree" };

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = `${folder.path}/kept.jsonl`;
});
afterEach(() => folder[Symbol.dispose]());

test("seeds that failed are kept in a file, in their order and each once", () => {
  expect(keptSeeds(path)).toEqual([]);
  const one = { ...kept, seed: 9, commit: "abc", faults: ["kill shelf #7"] };
  const other = { ...kept, seed: 4, workload: "buying", topology: "all" };
  keepSeed(path, one);
  keepSeed(path, other);
  keepSeed(path, { ...one, commit: "def", found: "something else" });
  expect(keptSeeds(path)).toEqual([one, other]);
});

test("a seed is kept where no folder is yet", () => {
  const deep = `${folder.path}/of/gifts/kept.jsonl`;
  keepSeed(deep, kept);
  expect(keptSeeds(deep)).toEqual([kept]);
});

test("a seed that failed in another topology, or in a longer run, is another", () => {
  const all = [kept, { ...kept, topology: "split" }, { ...kept, minutes: 5 }];
  for (const one of all) keepSeed(path, one);
  expect(keptSeeds(path)).toEqual(all);
});

test("processes that keep seeds at the same time lose none of one another's", async () => {
  const script = fileURLToPath(new URL("kept.ts", import.meta.url));
  const keep = `
    const { keepSeed } = await import(${JSON.stringify(script)});
    const [path, first] = process.argv.slice(-2);
    for (let seed = Number(first); seed < Number(first) + 60; seed++) {
      keepSeed(path, { seed, minutes: 1, faults: [], found: "something" });
    }`;
  const children = [0, 1_000, 2_000].map((first) =>
    Bun.spawn([process.execPath, "--eval", keep, "--", path, String(first)]),
  );
  expect(await Promise.all(children.map((one) => one.exited))).toEqual([0, 0, 0]);
  const seeds = keptSeeds(path).map(({ seed }) => seed);
  expect(seeds.toSorted((one, other) => one - other)).toEqual(
    [0, 1_000, 2_000].flatMap((first) => Array.from({ length: 60 }, (_, index) => first + index)),
  );
});

test.each([
  '{"seed":1}',
  '{"seed":"1","minutes":1,"faults":[],"found":""}',
  '{"seed":4294967296,"minutes":1,"faults":[],"found":""}',
  '{"seed":-1,"minutes":1,"faults":[],"found":""}',
  '{"seed":1,"minutes":10081,"faults":[],"found":""}',
  "[1]",
  "{",
])("a line that says %s is refused", (line) => {
  keepSeed(path, kept);
  appendFileSync(path, `\n${line}\n`);
  expect(() => keptSeeds(path)).toThrow(/^Line 3 of .* is no kept seed.* Mend it, or delete it\./);
});

test("a full disk leaves no part of a line, and the next seed is kept when there is room", () => {
  const script = `
    import { keepSeed } from ${JSON.stringify(`${import.meta.dir}/kept.ts`)};
    const about = { minutes: 10, faults: [], found: "x".repeat(300) };
    const named = { workload: "buying", topology: "all" };
    for (let seed = 1; ; seed++) keepSeed(${JSON.stringify(path)}, { seed, ...about, ...named });
  `;
  const limited = `trap '' XFSZ; ulimit -f 4; exec "$0" "$@"`;
  const { stderr } = Bun.spawnSync(["sh", "-c", limited, process.execPath, "-e", script]);
  expect(stderr.toString()).toContain("cannot be written: EFBIG");
  const seeds = keptSeeds(path).map(({ seed }) => seed);
  expect(seeds).toEqual([1, 2, 3, 4, 5]);
  keepSeed(path, { ...kept, seed: 6 });
  expect(keptSeeds(path)).toHaveLength(6);
});

test("a seed is kept on a line of its own although the last one has no end", () => {
  const line = JSON.stringify(kept);
  writeFileSync(path, line);
  keepSeed(path, { ...kept, seed: 2 });
  keepSeed(path, { ...kept, seed: 3 });
  expect(readFileSync(path, "utf8")).toMatch(/^\{"seed":1.*\}\n\{"seed":2.*\}\n\{"seed":3.*\}\n$/);
});

test.each(["<<<<<<< HEAD", "||||||| base", "=======", ">>>>>>> other"])(
  "%s, a mark of a conflict, is refused as one",
  (mark) => {
    keepSeed(path, kept);
    appendFileSync(path, `${mark}\n`);
    expect(() => keptSeeds(path)).toThrow(
      `Line 2 of ${path} is a mark of git's at a conflict. Leave the seeds of both sides`,
    );
  },
);

test("a byte order mark is refused by its name, for nobody sees it", () => {
  writeFileSync(path, `\uFEFF${JSON.stringify(kept)}\n`);
  expect(() => keptSeeds(path)).toThrow(`Line 1 of ${path} begins with a byte order mark`);
});

test("a folder in place of the file, and a file in place of its folder, are told of", () => {
  expect(() => keptSeeds(folder.path)).toThrow(
    /^The file of kept seeds .* cannot be read: EISDIR.* Have a file be there that this user may/,
  );
  keepSeed(path, kept);
  expect(() => keepSeed(`${path}/kept.jsonl`, kept)).toThrow(
    /^The file of kept seeds .* cannot be written: .* Let this user write it and its folder\.$/,
  );
});
