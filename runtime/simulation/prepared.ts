import { moduleName } from "../contract/contract.ts";
import { type Bytes, Images } from "./images.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";

/** By when it is known whether a system can start at all. */
const STARTED_MS = 10;

/**
 * Fills the databases of a scenario, without faults. Each other version has to start over them,
 * too: in a run, one that never does would be just one more process that is gone.
 */
export function prepared(scenario: Scenario): Images {
  const { versions = [], workload } = scenario;
  const fill = (stage: Stage) => workload.prepare(stage.call);
  const filled = started(scenario, new Images(), { name: "The system", work: fill });
  for (const [index, modules] of versions.entries()) {
    const name = `Of the other versions, number ${index + 1}`;
    const version = { ...scenario, modules };
    started(version, new Images(filled), { name, work: async () => {} });
  }
  return new Images(filled);
}

/** Starts a system in one process, does something with it, and gives what it leaves on the disk. */
function started(
  scenario: Scenario,
  images: Images,
  { name, work }: { readonly name: string; readonly work: (stage: Stage) => Promise<void> },
): Bytes {
  const monolith = { gateway: scenario.modules.map((one) => one.contract[moduleName]) };
  const alone = { ...scenario, versions: [], topologies: [monolith] };
  using stage = new Stage(alone, { images, seed: 0 });
  const { world, system, disk } = stage;
  system.start();
  const working = (async () => await work(stage))().catch((cause: unknown) => {
    throw new Error(`Filling the system failed: ${world.defects.textOf(cause)}`, { cause });
  });
  working.catch(() => {});
  world.runUntil(STARTED_MS);
  for (const { process } of system.members) {
    if (process.isGone) throw new Error(`${name} ${process.whyGone.replace(/\.$/, "")}.`);
  }
  stage.settle("Filling the system", working);
  const [trespass] = stage.trespasses;
  if (trespass !== undefined) throw new Error(trespass);
  for (const { process } of system.members) process.kill("prepared");
  return disk.bytes();
}
