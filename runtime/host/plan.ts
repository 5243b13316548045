import { findTopology } from "./find-topology.ts";
import type { Given } from "./flags.ts";
import { nearest } from "./nearest.ts";
import { moduleNamesOf, type System } from "./system.ts";
import { type Placement, placementsOf, type Topology } from "./topology.ts";

/** What a start is to run in, or from, this process. */
export type Plan =
  | { readonly kind: "alone"; readonly placement: Placement }
  | {
      readonly kind: "member";
      readonly placement: Placement;
      readonly natsUrl: string;
      /** The topology as it was given, with the names of all its processes. */
      readonly topology: { readonly name: string; readonly instances: readonly string[] };
    }
  | {
      readonly kind: "supervisor";
      /** The topology as it was given. */
      readonly topology: string;
      readonly placements: readonly Placement[];
    };

/**
 * Decides what runs here from the settings TOPOLOGY, INSTANCE and NATS_URL as they were given.
 *
 * A NATS_URL in the environment is ignored where none is needed, since other tools read it too.
 */
export function planOf(
  system: System,
  given: ReadonlyMap<string, Given>,
): Plan | { readonly mistakes: readonly string[] } {
  const topology = given.get("TOPOLOGY")?.text ?? "monolith";
  const found = findTopology(topology, system.topologies, moduleNamesOf(system));
  if ("mistakes" in found) return found;
  const placements = placementsOf(found.topology);
  const instance = given.get("INSTANCE")?.text;
  const placement = placements.find((one) => one.name === instance);
  if (instance !== undefined && placement === undefined) {
    return { mistakes: [unknownInstance(system, { topology, instance, placements })] };
  }
  const nats = given.get("NATS_URL");
  const [only] = placements;
  if (only !== undefined && placements.length === 1) {
    if (nats === undefined || nats.from === "environment")
      return { kind: "alone", placement: only };
    return { mistakes: [needless(nats, `${topology} is one process and needs no NATS`)] };
  }
  if (placement !== undefined) {
    if (nats === undefined) return { mistakes: [lacksNats(topology, placement.name)] };
    const instances = placements.map((one) => one.name);
    return {
      kind: "member",
      placement,
      natsUrl: nats.text,
      topology: { name: topology, instances },
    };
  }
  if (nats === undefined || nats.from === "environment") {
    return { kind: "supervisor", topology, placements };
  }
  const why = `without --instance all of ${topology} runs here, with a NATS server of its own`;
  return { mistakes: [needless(nats, why)] };
}

function unknownInstance(
  { topologies }: System,
  about: {
    readonly topology: string;
    readonly instance: string;
    readonly placements: readonly Placement[];
  },
): string {
  const { topology, instance, placements } = about;
  const problem = `The topology ${topology} has no instance "${instance}".`;
  const [other] = Object.entries(topologies).filter(([, one]) => has(one, instance));
  if (other !== undefined) {
    return `${problem} The topology ${other[0]} has: choose it with --topology ${other[0]}.`;
  }
  const names = placements.map((one) => one.name);
  if (names.length === 1) return `${problem} Its only one is ${names[0]}.`;
  return `${problem} Known are ${names.join(", ")}; the nearest is ${nearest(instance, names)}.`;
}

function has(topology: Topology, instance: string): boolean {
  return placementsOf(topology).some((one) => one.name === instance);
}

function lacksNats(topology: string, instance: string): string {
  return (
    `The instance ${instance} of the topology ${topology} meets the others over NATS. Give it ` +
    "the server with --nats nats://127.0.0.1:4222 or NATS_URL, or leave out --instance " +
    "to run all."
  );
}

function needless({ from }: Given, why: string): string {
  return `${from} is given, but ${why}. Leave it out, or choose one instance of a split topology.`;
}
