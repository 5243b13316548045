import { CommandError } from "../cli/cli.ts";
import { stopAsked } from "../cli/signals.ts";
import { findTopology } from "../host/find-topology.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import type { Topology } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { turns } from "../testing/stillness.ts";
import { type Arguments, help, readArguments } from "./arguments.ts";
import { Escaped } from "./escaped.ts";
import { nameOf } from "./faults.ts";
import { inJobs } from "./jobs.ts";
import type { Named } from "./kept.ts";
import { groupsOf, runMany } from "./many.ts";
import { prepared } from "./prepared.ts";
import { runSeed } from "./run.ts";
import type { Scenario, Workload } from "./scenario.ts";
import { lineOf, storyBehind, storyOf } from "./story.ts";
import type { Step } from "./trace.ts";

/** How long the run under way, and what it takes to explain it, may go on when asked to stop. */
const STOP_MS = 60_000;

/** What can be simulated of a system, but for its modules and topologies. */
export interface Simulated extends Pick<Scenario, "invariants" | "outside" | "faults"> {
  readonly workloads: { readonly [name: string]: Workload };
  /** Other versions of all modules, which run side by side with those that there are. */
  readonly versions?: (modules: readonly Module[]) => NonNullable<Scenario["versions"]>;
  /** The file of seeds that have failed once. */
  readonly kept: string;
}

/** What follows `cleave simulate`: runs the system with faults, once for each seed. */
export async function runSimulate(
  system: System,
  simulated: Simulated,
  args: readonly string[],
): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.error(help);
    return 0;
  }
  const asked = readArguments(args, usualOf(simulated));
  if (asked.seed !== undefined) {
    return await runOne(await scenarioOf(system, simulated, asked), asked.seed, asked);
  }
  const { kept } = simulated;
  const known = { kept, scenarioOf: (named: Named) => scenarioOf(system, simulated, named) };
  // What cannot be run is told here, and not by each job.
  const groups = await groupsOf(asked, known);
  const { job } = asked;
  const stop = stopSignals();
  if (job !== undefined) return await runMany({ ...asked, job }, { groups, kept, ...stop });
  return await inJobs(asked, { program: sameCommand(), ...stop });
}

/** The first aborts at a request to stop, the other at the next one, or some time later. */
function stopSignals(): Record<"stopped" | "killed", AbortSignal> {
  const [stopped, killed] = [new AbortController(), new AbortController()];
  const environment = realEnvironment();
  const kill = () => killed.abort();
  void stopAsked(environment, kill).then(() => {
    stopped.abort();
    environment.after(STOP_MS, kill);
  });
  return { stopped: stopped.signal, killed: killed.signal };
}

/** What this process was started with, up to the word that the arguments follow. */
function sameCommand(): string[] {
  const words = process.argv.slice(2);
  return [process.execPath, Bun.main, ...words.slice(0, words.indexOf("simulate") + 1)];
}

/** The workload that is meant when none is named. */
function usualOf({ workloads }: Simulated): string {
  return Object.keys(workloads)[0] ?? "";
}

async function scenarioOf(
  system: System,
  simulated: Simulated,
  { topology = "all", workload: name = usualOf(simulated) }: Named,
): Promise<Scenario> {
  const { workloads, invariants, outside, faults } = simulated;
  const workload = Object.hasOwn(workloads, name) ? workloads[name] : undefined;
  if (workload === undefined) {
    const known = Object.keys(workloads).join(", ");
    throw new CommandError(`There is no workload "${name}". Known are ${known}.`);
  }
  const modules = await insidesOf(system, moduleNamesOf(system));
  const topologies = topologiesOf(system, topology);
  const versions = simulated.versions?.(modules);
  return { invariants, outside, faults, workload, modules, versions, topologies };
}

function topologiesOf(system: System, name: string): Topology[] {
  const names = name === "all" ? Object.keys(system.topologies) : [name];
  return names.map((one) => {
    const found = findTopology(one, system.topologies, moduleNamesOf(system));
    if ("mistakes" in found) throw new CommandError(found.mistakes.join("\n"));
    return found.topology;
  });
}

async function runOne(
  scenario: Scenario,
  seed: number,
  { minutes, only, story, untilMs, breakAt }: Arguments,
): Promise<number> {
  const kept = { keepsSteps: true, untilMs, breakAt };
  const about = { seed, minutes, only, images: prepared(scenario), ...kept };
  using escaped = new Escaped();
  const { digest, violations: found, steps, faults } = runSeed(scenario, about);
  await turns(1);
  const violations = [...found, ...escaped.taken()];
  const asked = story === undefined ? [] : toldOf(story, steps);
  const lines =
    story === undefined && violations.length > 0 ? storyBehind(violations, steps) : asked;
  if (lines.length > 0) console.log(lines.join("\n"));
  const stopped = ({ what, detail }: Step, text: string) => `${what} ${detail}`.includes(text);
  if (breakAt !== undefined && !steps.some((one) => stopped(one, breakAt))) {
    console.log(`No step has the text "${breakAt}", so the debugger has not stopped.`);
  }
  if (untilMs !== undefined) console.log(steps.slice(-40).map(lineOf).join("\n"));
  console.log(`Seed ${seed}: ${steps.length} steps, faults: ${faults.length}, digest ${digest}`);
  for (const one of violations) console.log(`  ${one}`);
  for (const one of only?.difference(new Set(faults.map(nameOf))) ?? []) {
    console.log(`The fault "${one}" does not happen in it.`);
  }
  return violations.length === 0 ? 0 : 1;
}

/** The story that was asked for, or why there is none. */
function toldOf(about: string, steps: readonly Step[]): readonly string[] {
  const lines = storyOf(about, steps);
  if (lines.length > 0) return [`What happened to ${about}:`, ...lines];
  return [
    `Nothing happened to ${about} in this run. A failure's ids are those of the run that was ` +
      "printed with it: give each --only of it as well.",
  ];
}
