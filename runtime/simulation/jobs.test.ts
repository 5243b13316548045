import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { typedCommand } from "../host/typed-command.ts";
import { eventually } from "../testing/eventually.ts";
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

function started(words: string) {
  const command = [process.execPath, script, kept, "simulate", "--minutes", "1"];
  return Bun.spawn([...command, ...words.split(" ")], { stdout: "pipe" });
}

/** What `cleave simulate` prints for the sample, and its exit code. */
async function simulated(words: string) {
  const child = started(words);
  const printed = await new Response(child.stdout).text();
  return { printed, code: await child.exited };
}

/** The same, when it gets a signal as soon as it has printed a text. */
async function signalled(words: string, text: string, signal: "SIGTERM" | "SIGKILL" | "SIGINT") {
  const child = started(words);
  let printed = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    const isFirst = !printed.includes(text);
    printed += piece;
    if (isFirst && printed.includes(text)) child.kill(signal);
  }
  return { printed, code: await child.exited };
}

/** The command line of a process; nothing when it has ended. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

test("what several jobs find is told and kept, each seed once", async () => {
  const { printed, code } = await simulated("--seeds 4 --from 7 --jobs 2 --workload failing");
  expect(code).toBe(1);
  expect(printed).toEndWith("0 passed, 4 failed\n");
  expect(printed).not.toContain("begins with seed");
  for (const seed of [7, 8, 9, 10]) {
    const again = `--seed ${seed} --minutes 1 --topology all --workload failing --only none`;
    expect(printed).toContain(
      `: ${typedCommand(`run cleave simulate ${again}`)}\n  client-1 failed: hm\n`,
    );
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
    const job = `The job of the seeds ${first} to ${last} ended by SIGKILL at seed ${first}.`;
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
  expect(printed).toContain(typedCommand("run cleave simulate --seed 3 --minutes 1"));
  expect(printed).toEndWith(
    "2 passed, 1 failed; who passed was at rest within 5 virtual seconds\n",
  );
});

test("a failure is told and kept before the next seed is run", async () => {
  const { printed } = await simulated("--seeds 2 --workload failing");
  const [, first = "", second = ""] = printed.split(/^Seed \d failed; .*\n/m);
  expect(first).toStartWith("Seed 1 of commit ");
  expect(first).toContain("\n  client-1 failed: hm\nIt takes no fault.\n");
  expect(second).toStartWith("Seed 2 of commit ");
});

const many = 1_000_000;

test.each([
  ["SIGINT", ""],
  ["SIGTERM", ""],
  ["SIGINT", " --jobs 2"],
  ["SIGTERM", " --jobs 2"],
] as const)("%s ends it after the run that is under way%s", async (signal, jobs) => {
  const words = `--seeds ${many} --workload failing${jobs}`;
  const { printed, code } = await signalled(words, "It takes no fault", signal);
  expect(code).toBe(130);
  const [, failed] = /\nStopped by a signal; .*\n0 passed, (\d+) failed\n$/.exec(printed) ?? [];
  expect(Number(failed)).toBeWithin(1, many);
  expect(printed.match(/^Seed \d+ of commit/gm)?.length).toBe(Number(failed));
});

test.each(["", " --jobs 2"])(
  "a second signal ends what never would end by itself%s",
  async (jobs) => {
    const child = started(`--seeds 4 --workload spinning${jobs}`);
    let printed = "";
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed += piece;
      if (/It goes well|ask again/.test(piece)) child.kill("SIGINT");
    }
    expect(await child.exited).toBe(130);
    expect(printed).toMatch(/The job of the seeds \d to \d ended by SIGKILL at seed \d\./);
  },
);

test("jobs end when the process that started them is killed", async () => {
  const words = `--seeds ${many} --jobs 2 --workload telling`;
  const { printed, code } = await signalled(words, "It takes no fault", "SIGKILL");
  expect(code).toBe(137);
  const [, job] = /client-1 failed: I am (\d+)/.exec(printed) ?? [];
  await eventually(
    async () => commandOf(Number(job)),
    (command) => command === "",
  );
});

test("every two hundredth run says how many there were", async () => {
  const { printed } = await simulated("--seeds 401 --minutes 0 --jobs 2 --workload idle");
  expect(printed).toMatch(/^200 runs so far\.\n400 runs so far\.\n401 passed, 0 failed/);
});
