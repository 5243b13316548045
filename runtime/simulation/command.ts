import { CommandError } from "../cli/cli.ts";
import { stopAsked } from "../cli/signals.ts";
import { findTopology } from "../host/find-topology.ts";
import { realEnvironment } from "../host/real-environment.ts";
import { insidesOf, moduleNamesOf, type System } from "../host/system.ts";
import type { Topology } from "../host/topology.ts";
import type { Module } from "../module/define-module.ts";
import { readArguments } from "./arguments.ts";
import { helpOf } from "./help.ts";
import { inJobs } from "./jobs.ts";
import type { Named } from "./kept.ts";
import { groupsOf, runMany } from "./many.ts";
import { runOne } from "./one.ts";
import type { Scenario, Workload } from "./scenario.ts";

/** How long the run under way, and what it takes to explain it, may go on when asked to stop. */
const LAST_RUN_MS = 60_000;

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
    const workloads = Object.keys(simulated.workloads);
    const topologies = Object.keys(system.topologies);
    console.error(helpOf({ workloads, topologies }));
    return 0;
  }
  const asked = readArguments(args, usualOf(simulated));
  const { seed } = asked;
  if (seed !== undefined) {
    return await runOne(await scenarioOf(system, simulated, asked), { ...asked, seed });
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
  void stopAsked(environment, { again: kill, stopMs: LAST_RUN_MS }).then(() => {
    stopped.abort();
    environment.after(LAST_RUN_MS, kill);
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
