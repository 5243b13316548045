import { join } from "node:path";
import { moduleName } from "../../contract/contract.ts";
import type { Module } from "../../module/define-module.ts";
import { spawnWorker, type Worker } from "./worker.ts";

/** One instance of the benchmark's modules. */
export interface Placed {
  readonly name: string;
  readonly modules: readonly string[];
  /** The data folder; keys of NATS users lie there as well. */
  readonly folder: string;
  /** Where it meets the others; without it, it is alone. */
  readonly natsUrl?: string;
  /** True when others stand over the same databases. */
  readonly isMember?: boolean;
  /** How long it takes over a price. */
  readonly delayMs?: number;
}

/** Starts an instance in a process of its own; it answers a `CallQuestion`. */
export function spawnInstance(placed: Placed): Promise<Worker> {
  return spawnWorker([join(import.meta.dir, "instance.ts"), JSON.stringify(placed)]);
}

/** One side of what is measured without Cleave. */
export interface Bare {
  readonly side: "asking" | "pricing" | "telling" | "hearing";
  readonly folder: string;
  readonly natsUrl: string;
  readonly delayMs?: number;
}

/** Starts one side of the yardstick in a process of its own. */
export function spawnBare(bare: Bare): Promise<Worker> {
  return spawnWorker([join(import.meta.dir, "bare.ts"), JSON.stringify(bare)]);
}

export function nameOf(module: Module): string {
  return module.contract[moduleName];
}
