import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepSeed } from "./kept.ts";

const script = fileURLToPath(new URL("sample-command.ts", import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
let kept: string;
beforeEach(() => {
  folder = temporaryFolder();
  kept = `${folder.path}/kept.jsonl`;
});
afterEach(() => folder[Symbol.dispose]());

/** What `cleave simulate` prints for the sample, where it prints it, and its exit code. */
async function simulated(...words: readonly string[]) {
  const command = [process.execPath, script, kept, "simulate", "--minutes", "1", ...words];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [printed, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { printed, errors, code: await child.exited };
}

test("only seeds that were kept are said to be run first from now on", async () => {
  const words = ["--seeds", "1", "--workload", "failing"];
  expect((await simulated(...words)).printed).toContain(
    `\nFrom now on ${kept} has them run first. Commit it.\n`,
  );
  // In place of its folder there is the file itself.
  kept = `${kept}/kept.jsonl`;
  const { printed, code } = await simulated(...words);
  expect(code).toBe(1);
  expect(printed).toContain(
    `\nSeed 1 could not be kept. The file of kept seeds ${kept} cannot be written: `,
  );
  expect(printed).not.toContain("From now on");
  expect(printed).toEndWith("0 passed, 1 failed\n");
});

test.each([[], ["--jobs", "2"]])(
  "a file that keeps no seed ends it with one sentence %p",
  async (...jobs) => {
    writeFileSync(kept, "<<<<<<< HEAD\n");
    const { printed, errors, code } = await simulated("--seeds", "2", ...jobs);
    expect({ printed, code }).toEqual({ printed: "", code: 1 });
    expect(errors).toBe(
      `Line 1 of ${kept} is a mark of git's at a conflict. ` +
        "Leave the seeds of both sides, and delete its marks.\n",
    );
  },
);

test("a folder in place of the file ends it with one sentence", async () => {
  mkdirSync(kept);
  const { errors, code } = await simulated("--seeds", "2");
  expect(code).toBe(1);
  expect(errors).toMatch(/^The file of kept seeds .* cannot be read: EISDIR.*\n$/);
});

test.each([
  ["workload", "Known are ordering, idle, failing, telling, escaping, spinning, dying."],
  ["topology", "Known are monolith; the nearest is monolith. A file is given by its path, as in"],
] as const)("a kept seed of a %s that is gone is named with its line", async (what, known) => {
  const seed = { seed: 3, minutes: 1, workload: "idle", topology: "all", faults: [], found: "" };
  keepSeed(kept, seed);
  keepSeed(kept, { ...seed, [what]: "gone" });
  for (const jobs of ["1", "2"]) {
    const { printed, errors, code } = await simulated("--seeds", "2", "--jobs", jobs);
    expect({ printed, code }).toEqual({ printed: "", code: 1 });
    expect(errors).toStartWith(
      `Line 2 of ${kept} is a seed that cannot be run: There is no ${what} "gone". ${known}`,
    );
    expect(errors).toEndWith(" Delete the line, or give it what there is.\n");
  }
});

test("a topology file that is not there is told in one sentence", async () => {
  const { errors, code } = await simulated("--seed", "2", "--topology", "./none.ts");
  expect(code).toBe(1);
  expect(errors).toBe(
    "There is no topology file ./none.ts. Give the path of one, or one of monolith.\n",
  );
});

test("a kept seed that is also asked for is said to be, and is run and counted once", async () => {
  const seed = { minutes: 1, workload: "ordering", topology: "all", faults: [], found: "" };
  for (const number of [3, 9]) keepSeed(kept, { ...seed, seed: number });
  keepSeed(kept, { ...seed, seed: 2, workload: "idle" });
  const first = "First come the seeds that have failed once: 3";
  const { printed } = await simulated("--seeds", "4");
  expect(printed).toStartWith(`${first}, 1 of the 4 asked for among them.\n`);
  expect(printed).toContain("\n6 passed, 0 failed;");
  expect((await simulated("--seeds", "1")).printed).toStartWith(`${first}.\n`);
});

test.each(["toString", "__proto__"])("%s is no name of what there is", async (name) => {
  for (const what of ["workload", "topology"]) {
    const { errors, code } = await simulated("--seed", "2", `--${what}`, name);
    expect(code).toBe(1);
    expect(errors).toStartWith(`There is no ${what} "${name}". Known are `);
  }
});

test.each(["--help", "-h"])("%s tells all that may be given, and runs nothing", async (word) => {
  const { printed, errors, code } = await simulated(word);
  expect({ printed, code }).toEqual({ printed: "", code: 0 });
  const flags = ["seeds", "seed", "from", "minutes", "jobs", "topology", "workload"];
  for (const flag of [...flags, "only", "story", "until", "break-at"]) {
    expect(errors).toMatch(new RegExp(`\\n  --${flag} .*? {2,}\\w`));
  }
  expect(errors).toContain("Workloads are ordering, idle, failing, ");
  expect(errors).toContain("Topologies are all, monolith, or a file such as ");
});
