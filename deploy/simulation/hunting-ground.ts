import { modules } from "../../modules/index.ts";
import type { Topology } from "../../runtime/host/topology.ts";
import { type Found, hunt } from "../../runtime/simulation/hunt.ts";
import type { PlantedBug } from "../../runtime/simulation/plant.ts";
import core from "../topologies/core.ts";
import monolith from "../topologies/monolith.ts";
import split from "../topologies/split.ts";
import { books } from "./books.ts";
import { buying } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

const MINUTES = 5;

/** Runs the shop by seeds, under the faults and in the topology that bring a bug out. */
export async function huntInShop(
  { faults, topology }: PlantedBug,
  seeds: { readonly first: number; readonly last: number },
): Promise<Found | undefined> {
  const { first, last } = seeds;
  const known: { readonly [name: string]: Topology } = { monolith, split };
  const one = known[topology ?? ""];
  const inside = await Promise.all(modules.map(async (entry) => (await entry.module()).default));
  const scenario = {
    modules: inside,
    topologies: one === undefined ? [monolith, split, core] : [one],
    workload: buying,
    invariants: books,
    outside: beyondTheShop,
    faults,
  };
  const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return await hunt(scenario, { seeds: numbers, minutes: MINUTES });
}
