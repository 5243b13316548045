import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesUnder, parseSource, sourcesAmong } from "./sources.ts";
import { machineFaults, markdownFaults, nameFaults, sourceFaults } from "./tidy.ts";
import { deadExports, deadFiles, missingParts } from "./tidy-tree.ts";

const root = join(import.meta.dir, "..");
const paths = filesUnder(root);
const sources = sourcesAmong(root, paths);
const texts = new Map(
  paths
    .filter((path) => !/\.(lock|png|ico|gz|sqlite)$/.test(path))
    .map((path) => [path, readFileSync(join(root, path), "utf8")]),
);

describe("in the whole tree", () => {
  test("every source keeps to the form", () => {
    expect(sources.flatMap(sourceFaults)).toEqual([]);
  });

  test("every name says something", () => {
    expect(paths.flatMap(nameFaults)).toEqual([]);
  });

  test("every page has one title and stays short", () => {
    const pages = [...texts].filter(([path]) => path.endsWith(".md"));
    expect(pages.flatMap(([path, text]) => markdownFaults(path, text))).toEqual([]);
  });

  test("no path of somebody's machine is named", () => {
    const read = [...texts].filter(([path]) => /\.(tsx?|md|json)$/.test(path));
    expect(read.flatMap(([path, text]) => machineFaults(path, text))).toEqual([]);
  });

  test("everything exported is imported", () => {
    expect(deadExports(sources)).toEqual([]);
  });

  test("every file is used", () => {
    expect(deadFiles(sources, texts)).toEqual([]);
  });

  test("every module has its contract, its wiring and its page", () => {
    expect(missingParts(paths)).toEqual([]);
  });
});

const injected =
  "Take time, chance and ids from the context or the port's World; " +
  "only runtime/host and runtime/testing touch the real ones.";

describe("a source is refused for", () => {
  test.each([
    ["a long line", `// ${"x".repeat(98)}`, "has 101 columns, at most 100. Break the line."],
    ["a mark", "// TODO: later", "says TODO: do it now, or file an issue and leave no mark here."],
    [
      "a silenced compiler",
      "// @ts-ignore",
      "says @ts-ignore: mend the type, so that the compiler agrees.",
    ],
    [
      "a silenced linter",
      "// biome-ignore lint: because",
      "says biome-ignore: mend the code, or settle the rule for all in biome.json.",
    ],
    [
      "a long function",
      `const f = () => {${"\n".repeat(70)}};`,
      "has a function of 71 lines, at most 70. Split it by idea.",
    ],
    [
      "a fourth parameter",
      "function f(a: 1, b: 2, c: 3, d: 4) {}",
      "has a function of 4 parameters, at most 3. Pass an object.",
    ],
    [
      "a fourth level",
      "for (;;) if (a) try { while (b) c(); } catch {}",
      "nests 4 deep, at most 3. Return early, or name the inner part.",
    ],
    ["the clock", "Date.now();", `uses Date.now. ${injected}`],
    ["the clock as a date", "new Date();", `reads the clock with Date(). ${injected}`],
    ["chance", "const draw = Math.random;", `uses Math.random. ${injected}`],
    ["a timer", "setTimeout(work, 10);", `uses setTimeout. ${injected}`],
    ["a timer handed on", "open({ after: setTimeout });", `uses setTimeout. ${injected}`],
    [
      "a timer by its long name",
      "globalThis.setInterval;",
      `uses globalThis.setInterval. ${injected}`,
    ],
    ["sleeping", "await Bun.sleep(10);", `uses Bun.sleep. ${injected}`],
    ["a random id", "crypto.randomUUID();", `uses crypto.randomUUID. ${injected}`],
    [
      "an imported random id",
      'import { randomUUID } from "node:crypto";',
      `uses randomUUID. ${injected}`,
    ],
    [
      "imported timers",
      'import { setTimeout as wait } from "node:timers/promises";',
      `imports timers. ${injected}`,
    ],
    ["the environment", "process.env.PORT;", `uses process.env. ${injected}`],
    [
      "a memory of its own",
      "export let orders = 0;",
      "remembers something in a variable of the file. Keep it in the database, or in a port.",
    ],
    ...["new Map<string, number>()", "new Set()", "[]", "{}"].map((empty) => [
      `a memory of its own that is ${empty}`,
      `const orders = ${empty};`,
      "remembers something in a variable of the file. Keep it in the database, or in a port.",
    ]),
    ["any", "const a: any = b;", "says any. Say unknown, and find out what it is."],
    [
      "a promise to the compiler",
      "a!.b;",
      "asserts with ! that something is there. Handle its absence, or throw saying what lacks.",
    ],
    [
      "a cast",
      "const a = b as unknown;",
      'casts with "as". Narrow the value by a check; only the kernel\'s plumbing may cast.',
    ],
    ["a cast by brackets", "const a = <B>b;", "casts with <T>. Narrow the value by a check."],
    ["an enum", "enum A { B }", "has an enum. Use a union of literals."],
    ["a namespace", "namespace A {}", "has a namespace. A file is one."],
    [
      "a parameter property",
      "class A { constructor(readonly b: 1) {} }",
      "has a parameter property. Write the field.",
    ],
    [
      "a default export",
      "export default 1;",
      "has a default export. Name it; only module.ts and topologies have one.",
    ],
    [
      "export *",
      'export * from "./a.ts";',
      "has export *. List the names, so that the surface is a decision.",
    ],
    [
      "a name that says nothing",
      "class StockManager {}",
      'calls something StockManager; "Manager" says nothing. Name what it is or does.',
    ],
  ])("%s", (_what, text, sentence) => {
    const faults = sourceFaults(parseSource("modules/orders/store.ts", text));
    expect(faults).toEqual([expect.stringMatching(/^modules\/orders\/store\.ts:\d+ /)]);
    expect(faults[0]?.replace(/^\S+ /, "")).toBe(sentence);
  });

  test.each([
    "const a = b as C;",
    "// It was checked.\nd();\nconst a = b as C;",
    "if (b as C) {\n  // It was checked.\n  d();\n}",
    "// As above.\nconst a = b as C;",
    "function f() { // It was checked.\n  d();\n  return b as never;\n}",
  ])("a cast of the kernel without a reason: %j", (text) => {
    expect(sourceFaults(parseSource("runtime/store/connection.ts", text))).toEqual([
      expect.stringMatching(
        /:\d+ casts with "as" without a reason. Say in a comment beside it why it holds.$/,
      ),
    ]);
  });

  test("a test that does not run", () => {
    const source = parseSource("modules/orders/orders.test.ts", 'test.skip("a", () => {});');
    expect(sourceFaults(source)).toEqual([
      "modules/orders/orders.test.ts:1 has test.skip. A test runs, always, or is not there.",
    ]);
  });

  test("its length, a suite later than a source", () => {
    const text = "a();\n".repeat(601);
    expect(sourceFaults(parseSource("runtime/store/a.ts", text))).toEqual([
      "runtime/store/a.ts has 601 lines, at most 400. Split it by idea, not by line.",
    ]);
    expect(sourceFaults(parseSource("runtime/store/a.test.ts", text))).toEqual([
      "runtime/store/a.test.ts has 601 lines, at most 600. Split it by idea, not by line.",
    ]);
  });
});

test.each([
  ["runtime/host/clock.ts", "Date.now(); setTimeout(work, 1); process.env.PORT;"],
  ["runtime/testing/clock.ts", "new Date(); const a = b as C;"],
  ["runtime/store/connection.ts", "const a = b as C; // It was checked."],
  ["runtime/store/connection.ts", "// It was checked.\nif (a) d((b as C)\n  .e);"],
  ["modules/orders/store.ts", "const a = [1] as const; new Date(0); clock.setTimeout(work);"],
  ["modules/orders/store.ts", "const a = { setTimeout: 1 }; const b = 'TODO';"],
  ["modules/orders/module.ts", "export default defineModule({});"],
  ["modules/orders/store.ts", "if (a) b(); else if (c) d(); else if (e) f(); else if (g) h();"],
  ["modules/orders/orders.test.ts", `describe("a", () => {${"\n".repeat(90)}});`],
  ["modules/orders/orders.test.ts", "call(place, 7 as never);"],
  ["modules/orders/orders.test.ts", "test.each(rows)('%s', (a, b, c, d) => {});"],
  ["modules/orders/store.ts", `const read = reads((db) => ({${"\n".repeat(90)}}));`],
])("in %s nothing is wrong with %s", (path, text) => {
  expect(sourceFaults(parseSource(path, text))).toEqual([]);
});

test("a page with two titles, and one that is too long, are refused", () => {
  expect(markdownFaults("README.md", "# One\n\n```sh\n# no title\n```\n\n# Two\n")).toEqual([
    'README.md has 2 titles. Give it exactly one line "# …".',
  ]);
  expect(markdownFaults("modules/orders/README.md", `# Orders${"\n- word".repeat(40)}`)).toEqual([
    "modules/orders/README.md has 41 lines, at most 40. Purpose, words and invariants; the API " +
      "is contract.ts.",
  ]);
  expect(markdownFaults("runtime/decisions/1.md", `# One${"\nword".repeat(60)}`)).toEqual([
    "runtime/decisions/1.md has 61 lines, at most 60. Record the reason, not the story.",
  ]);
});

test("a long line of the README is refused, a row of its tables is not", () => {
  const long = "x".repeat(101);
  expect(markdownFaults("README.md", `# One\n\n| ${long} |\n${long}`)).toEqual([
    "README.md:4 has 101 columns, at most 100. Break the line.",
  ]);
});

test("a path of a machine is refused, a route is not", () => {
  const home = ["", "home", "somebody"].join("/");
  expect(machineFaults("a.md", `See ${home}/notes, or https://example.com${home}`)).toEqual([
    `a.md:1 names ${home}, a path of one machine. Make it relative.`,
  ]);
});

test("file names that say nothing, or in the wrong case, are refused", () => {
  expect(["modules/orders/utils.ts", "modules/orders/placeOrder.ts"].flatMap(nameFaults)).toEqual([
    'modules/orders/utils.ts is called "utils", which says nothing. Name the one thing it exports.',
    "modules/orders/placeOrder.ts is not in kebab-case. Rename it.",
  ]);
});

describe("unused is", () => {
  const planted = [
    parseSource(
      "modules/orders/domain.ts",
      `export const used = 1;
       export const tested = 2;
       export interface Spoken { a: 1 }
       export interface Silent { a: 1 }
       export function say(): Spoken { return { a: used }; }`,
    ),
    parseSource(
      "modules/orders/store.ts",
      'import * as domain from "./domain.ts"; domain.say(); domain.used;',
    ),
    parseSource("modules/orders/domain.test.ts", 'import { tested } from "./domain.ts"; tested;'),
  ];

  test("an export that only a test imports, but not a type that its own file speaks of", () => {
    expect(deadExports(planted)).toEqual(
      ["tested", "Silent"].map(
        (name) =>
          `modules/orders/domain.ts exports ${name}, which nothing outside of tests imports. ` +
          'Remove it, or only its "export".',
      ),
    );
  });

  test("a source that nothing imports, and data that nothing names", () => {
    const files = new Map([
      ...planted.map(({ path, text }) => [path, text] as const),
      ["modules/orders/seed/carts.json", "[]"],
      ["modules/orders/README.md", "# Orders"],
    ]);
    expect(deadFiles(planted, files)).toEqual(
      ["modules/orders/store.ts", "modules/orders/seed/carts.json"].map(
        (path) => `${path} is used by nothing. Import it, name it where it is run, or delete it.`,
      ),
    );
  });
});

test("a module without its parts is told which", () => {
  expect(missingParts(["modules/orders/contract.ts", "modules/orders/README.md"])).toEqual([
    "modules/orders has no module.ts. Every module has one: write it.",
  ]);
});
