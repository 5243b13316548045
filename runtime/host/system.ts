import type { Call } from "../contract/call.ts";
import { type Contract, moduleName } from "../contract/contract.ts";
import type { Identity } from "../contract/identity.ts";
import type { Routes } from "../gateway/gateway.ts";
import type { Module } from "../module/define-module.ts";
import type { Topologies } from "./find-topology.ts";

/** One module of a system: its contract at hand, its inside to be loaded where it is needed. */
export interface ModuleEntry {
  readonly contract: Contract;
  readonly module: () => Promise<{ readonly default: Module }>;
  readonly http: () => Promise<{ readonly http: Routes }>;
}

/** What the host runs: the composition root hands it over, since the runtime knows no module. */
export interface System {
  readonly modules: readonly ModuleEntry[];
  /** The topologies that can be chosen by name. */
  readonly topologies: Topologies;
  /** Makes the function that verifies access tokens, with calls in the name of the gateway. */
  readonly authenticator: (
    call: Call<Contract>,
    now: () => number,
  ) => Promise<(bearer: string) => Promise<Identity>>;
  /** Fills an empty system with something to look at. It may run again after it was cut short. */
  readonly demo: (call: Call<Contract>) => Promise<void>;
}

/** Loads the insides of some modules, given by name, and of no others. */
export function insidesOf(system: System, names: readonly string[]): Promise<Module[]> {
  const entries = system.modules.filter(({ contract }) => names.includes(contract[moduleName]));
  return Promise.all(entries.map(async (one) => (await one.module()).default));
}

/** The names of all modules of a system. */
export function moduleNamesOf(system: System): string[] {
  return system.modules.map(({ contract }) => contract[moduleName]);
}
