import { afterEach, beforeEach, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { keepSeed, keptSeeds } from "./kept.ts";

const script = fileURLToPath(new URL("sample-command.ts", import.meta.url));
let folder: ReturnType<typeof temporaryFolder>;
let kept: string;
beforeEach(() => {
  folder = temporaryFolder();
  kept = `${folder.path}/kept.jsonl`;
});
afterEach(() => folder[Symbol.dispose]());

/** What `cleave simulate` prints for the sample, and its exit code. */
async function simulated(words: string) {
  const command = [process.execPath, script, kept, "simulate", "--minutes", "1"];
  const child = Bun.spawn([...command, ...words.split(" ")], { stdout: "pipe" });
  const printed = await new Response(child.stdout).text();
  return { printed, code: await child.exited };
}

test("what several jobs find is told and kept, each seed once", async () => {
  const { printed, code } = await simulated("--seeds 4 --from 7 --jobs 2 --workload failing");
  expect(code).toBe(1);
  expect(printed).toEndWith("0 passed, 4 failed\n");
  expect(printed).not.toContain("begins with seed");
  for (const seed of [7, 8, 9, 10]) {
    const again = `--seed ${seed} --minutes 1 --topology all --workload failing --only none`;
    expect(printed).toContain(`: bun run cleave simulate ${again}\n  client-1 failed: hm\n`);
  }
  const seeds = keptSeeds(kept).map(({ seed }) => seed);
  expect(seeds.toSorted((one, other) => one - other)).toEqual([7, 8, 9, 10]);
  const found = "client-1 failed: hm";
  const about = { minutes: 1, workload: "failing", topology: "all", faults: [], found };
  expect(keptSeeds(kept)[0]).toMatchObject(about);
});

test("a job that dies says at which seed and what it printed, and fails the whole", async () => {
  const { printed, code } = await simulated("--seeds 4 --jobs 2 --workload dying");
  expect(code).toBe(1);
  for (const [first, last] of [
    [1, 2],
    [3, 4],
  ]) {
    const job = `The job of the seeds ${first} to ${last} ended with code 7 at seed ${first}.`;
    expect(printed).toContain(`${job} What it printed:\nIt is out of memory.\n`);
  }
  expect(printed).toEndWith("0 passed, 2 failed\n");
});

test("kept seeds of another workload are run too, by one job", async () => {
  keepSeed(kept, {
    seed: 3,
    minutes: 1,
    workload: "failing",
    topology: "all",
    faults: [],
    found: "",
  });
  const { printed, code } = await simulated("--seeds 2 --jobs 2 --workload ordering");
  expect(code).toBe(1);
  expect(printed).toContain("bun run cleave simulate --seed 3 --minutes 1");
  expect(printed).toEndWith(
    "2 passed, 1 failed; who passed was at rest within 5 virtual seconds\n",
  );
});
