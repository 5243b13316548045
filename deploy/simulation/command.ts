import { fileURLToPath } from "node:url";
import type { System } from "../../runtime/host/system.ts";
import type { Module } from "../../runtime/module/define-module.ts";
import { runSimulate } from "../../runtime/simulation/command.ts";
import { books } from "./books.ts";
import { newerOf } from "./newer.ts";
import { buying } from "./shop.ts";
import { beyondTheShop } from "./world.ts";

/** Runs the shop under a virtual clock, with faults, as the arguments say. */
export function simulateShop(system: System, args: readonly string[]): Promise<number> {
  const simulated = {
    workloads: { buying },
    versions: (modules: readonly Module[]) => [newerOf(modules)],
    invariants: books,
    outside: beyondTheShop,
    kept: fileURLToPath(new URL("kept-seeds.jsonl", import.meta.url)),
  };
  return runSimulate(system, simulated, args);
}
