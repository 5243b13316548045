import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { nearest } from "./nearest.ts";
import { type Topology, withRest } from "./topology.ts";
import { topologyMistakes } from "./topology-mistakes.ts";

/** Topologies by name. */
export type Topologies = { readonly [name: string]: Topology };

/** A topology that was found and has no mistakes, or what is wrong, a sentence each. */
export type FoundTopology =
  | { readonly topology: Topology }
  | { readonly mistakes: readonly string[] };

/**
 * Finds a topology by its name, or reads it from a file when what is given is a path such as
 * `./my.ts` or `my.json`, and checks it against the modules of the system.
 */
export function findTopology(
  given: string,
  known: Topologies,
  modules: readonly string[],
): FoundTopology {
  const isPath = /[/\\]|\.(ts|json)$/.test(given);
  const found = isPath ? fromFile(given, known) : byName(given, known);
  if ("mistakes" in found) return found;
  const named = isPath ? { name: given } : { name: given, file: `deploy/topologies/${given}.ts` };
  const mistakes = topologyMistakes(named, found.value, modules);
  if (mistakes.length > 0) return { mistakes };
  // Without mistakes it has the shape of a topology.
  return { topology: withRest(found.value as Topology, modules) };
}

type Read = { readonly value: unknown } | { readonly mistakes: readonly string[] };

function byName(given: string, known: Topologies): Read {
  if (Object.hasOwn(known, given)) return { value: known[given] };
  const names = Object.keys(known);
  return {
    mistakes: [
      `There is no topology "${given}". Known are ${names.join(", ")}; the nearest is ` +
        `${nearest(given, names)}. A file is given by its path, as in ./${given}.ts.`,
    ],
  };
}

function fromFile(given: string, known: Topologies): Read {
  const path = resolve(given);
  if (!existsSync(path)) {
    const names = Object.keys(known).join(", ");
    const what = `There is no topology file ${given}.`;
    return { mistakes: [`${what} Give the path of one, or one of ${names}.`] };
  }
  try {
    if (path.endsWith(".json")) return { value: JSON.parse(readFileSync(path, "utf8")) };
    const loaded: { readonly default?: unknown } = createRequire(import.meta.url)(path);
    if (loaded.default !== undefined) return { value: loaded.default };
    return { mistakes: [`The topology file ${given} has no default export. Export one from it.`] };
  } catch (error) {
    const [reason] = String(error).split("\n");
    return {
      mistakes: [
        `The topology file ${given} cannot be read: ${reason}. ` +
          "Give the path of a .ts or .json file.",
      ],
    };
  }
}
