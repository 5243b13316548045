import { parseArgs } from "node:util";
import { CommandError } from "../cli/cli.ts";
import { findTopology } from "../host/find-topology.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import type { Topology } from "../host/topology.ts";
import { type Outcome, prepared, runSeed } from "./run.ts";
import type { Scenario, Workload } from "./scenario.ts";
import { type Failure, simulate } from "./simulate.ts";
import { idsIn, lineOf, storyOf } from "./story.ts";

/** What can be simulated of a system, but for its modules and topologies. */
export interface Simulated extends Pick<Scenario, "invariants" | "outside"> {
  readonly workloads: { readonly [name: string]: Workload };
  /** The file of seeds that have failed once. */
  readonly kept: string;
}

/** Lines of a story that are printed, at most. */
const STORY_LINES_MAX = 100;

const help = [
  "simulate [--seeds 100 | --seed 7] [--from 1] [--minutes 10] [--jobs 1] [--topology all]",
  "[--workload buying] [--story ord_…] [--until 03:07] [--break-at text]   break all of it",
].join(" ");

const options = {
  seed: { type: "string" },
  seeds: { type: "string" },
  from: { type: "string" },
  minutes: { type: "string" },
  jobs: { type: "string" },
  /** Leaves out the seeds that have failed once, which another job runs. */
  fresh: { type: "boolean" },
  topology: { type: "string" },
  workload: { type: "string" },
  story: { type: "string" },
  until: { type: "string" },
  "break-at": { type: "string" },
} as const;

/** What follows `cleave simulate`: runs the system with faults, once for each seed. */
export async function runSimulate(
  system: System,
  simulated: Simulated,
  args: readonly string[],
): Promise<number> {
  const asked = readArguments(args);
  if (asked.seed === undefined && asked.jobs > 1) return await inJobs(asked);
  const scenario = await scenarioOf(system, simulated, asked);
  return asked.seed === undefined
    ? await runMany(scenario, simulated, asked)
    : await runOne(scenario, asked.seed, asked);
}

type Asked = ReturnType<typeof readArguments>;

function readArguments(args: readonly string[]) {
  const { values } = parsed(args);
  return {
    seed: values.seed === undefined ? undefined : wholeNumber("seed", values.seed),
    seeds: wholeNumber("seeds", values.seeds ?? "100"),
    from: wholeNumber("from", values.from ?? "1"),
    minutes: wholeNumber("minutes", values.minutes ?? "10"),
    jobs: Math.max(1, wholeNumber("jobs", values.jobs ?? "1")),
    isFresh: values.fresh === true,
    topology: values.topology ?? "all",
    workload: values.workload,
    story: values.story,
    untilMs: values.until === undefined ? undefined : milliseconds(values.until),
    breakAt: values["break-at"],
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${why}. It is written: ${help}`, { cause });
  }
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new CommandError(`--${name} is "${text}", but it is a whole number from 0 on.`);
}

function milliseconds(text: string): number {
  const [, minutes = "", seconds = ""] = /^(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (seconds !== "") return Number(minutes) * 60_000 + Number(seconds) * 1_000;
  throw new CommandError(`--until is "${text}", but it is a virtual time such as 03:07.250.`);
}

async function scenarioOf(
  system: System,
  { workloads, invariants, outside }: Simulated,
  asked: Pick<Asked, "topology" | "workload">,
): Promise<Scenario> {
  const names = moduleNamesOf(system);
  const name = asked.workload ?? Object.keys(workloads)[0] ?? "";
  const workload = workloads[name];
  if (workload === undefined) {
    const known = Object.keys(workloads).join(", ");
    throw new CommandError(`There is no workload "${name}". Known are ${known}.`);
  }
  const modules = await insidesOf(system, names);
  const topologies = topologiesOf(system, asked.topology);
  return { invariants, outside, workload, modules, topologies };
}

function topologiesOf(system: System, name: string): Topology[] {
  const names = name === "all" ? Object.keys(system.topologies) : [name];
  return names.map((one) => {
    const found = findTopology(one, system.topologies, moduleNamesOf(system));
    if ("mistakes" in found) throw new CommandError(found.mistakes.join("\n"));
    return found.topology;
  });
}

/** Shares the seeds among processes, each with a core of its own, and adds up what they found. */
async function inJobs({ jobs, seeds, from, minutes, topology, workload }: Asked): Promise<number> {
  const each = Math.ceil(seeds / jobs);
  const runs = Array.from({ length: jobs }, async (_, job) => {
    const first = job * each;
    const share = Math.max(0, Math.min(each, seeds - first));
    const words = ["--seeds", String(share), "--from", String(from + first)];
    words.push("--minutes", String(minutes), "--topology", topology);
    if (workload !== undefined) words.push("--workload", workload);
    if (job > 0) words.push("--fresh");
    const command = [process.execPath, Bun.main, "simulate", ...words];
    const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
    const lines = (await new Response(child.stdout).text()).trimEnd().split("\n");
    const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(lines.pop() ?? "") ?? [];
    if (lines.length > 0) console.log(lines.join("\n"));
    if (passed === undefined || failed === undefined) throw new CommandError("A job has died.");
    return { passed: Number(passed), failed: Number(failed) };
  });
  const ended = await Promise.all(runs);
  const failed = ended.reduce((sum, one) => sum + one.failed, 0);
  const passed = ended.reduce((sum, one) => sum + one.passed, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runMany(
  scenario: Scenario,
  simulated: Simulated,
  { seeds, from, minutes, isFresh }: Asked,
): Promise<number> {
  const kept = isFresh ? {} : { kept: simulated.kept };
  const numbers = Array.from({ length: seeds }, (_, index) => from + index);
  const { runs, failures } = await simulate({ ...scenario, seeds: numbers, minutes, ...kept, ran });
  for (const failure of failures) console.log(told(failure).join("\n"));
  console.log(`${runs - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

function ran({ seed, violations }: Outcome): void {
  if (violations.length > 0) console.log(`Seed ${seed} failed; looking for the least faults …`);
}

/** A failure as lines: the seed, what did not hold, the faults that it takes, and the story. */
function told({ seed, violations, faults, story }: Failure): string[] {
  return [
    `Seed ${seed}: bun run cleave simulate --seed ${seed}`,
    ...violations.map((one) => `  ${one}`),
    faults.length === 0 ? "It takes no fault." : `It takes ${faults.length} faults:`,
    ...faults.map((one) => `  ${one}`),
    ...shortened(story),
  ];
}

/** The beginning and the end of a long story; `--story` tells all of it. */
function shortened(story: readonly string[]): readonly string[] {
  if (story.length <= STORY_LINES_MAX) return story;
  const half = STORY_LINES_MAX / 2;
  const left = `… ${story.length - STORY_LINES_MAX} lines more …`;
  return [...story.slice(0, half), left, ...story.slice(-half)];
}

async function runOne(
  scenario: Scenario,
  seed: number,
  { minutes, story, untilMs, breakAt }: Asked,
): Promise<number> {
  const about = { seed, minutes, images: prepared(scenario), keepsSteps: true, untilMs, breakAt };
  const { digest, violations, steps, faults } = runSeed(scenario, about);
  const ids = story === undefined ? idsIn(violations).slice(0, 3) : [story];
  for (const id of ids) console.log([`What happened to ${id}:`, ...storyOf(id, steps)].join("\n"));
  if (untilMs !== undefined) console.log(steps.slice(-40).map(lineOf).join("\n"));
  console.log(`Seed ${seed}: ${steps.length} steps, ${faults.length} faults, digest ${digest}`);
  for (const one of violations) console.log(`  ${one}`);
  return violations.length === 0 ? 0 : 1;
}
