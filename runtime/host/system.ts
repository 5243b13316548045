import type { Call } from "../contract/call.ts";
import { type Contract, moduleName } from "../contract/contract.ts";
import type { Identity } from "../contract/identity.ts";
import type { Routes } from "../gateway/gateway.ts";
import type { Module } from "../module/define-module.ts";
import type { Topologies } from "./find-topology.ts";
import { StartError } from "./start-error.ts";

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

/** Where the list of modules is, for messages. */
const LIST = "modules/index.ts";

/**
 * Loads the insides of some modules, given by name, and of no others. Throws a StartError with a
 * sentence for each that its entry in the list does not lead to.
 */
export function insidesOf(system: System, names: readonly string[]): Promise<Module[]> {
  const entries = system.modules.filter(({ contract }) => names.includes(contract[moduleName]));
  return loadedAll(entries, insideOf);
}

/** Loads the routes of all modules; throws as `insidesOf` does. */
export function loadRoutes(system: System): Promise<Routes[]> {
  return loadedAll(system.modules, httpOf);
}

/**
 * The names of all modules of a system. Throws a StartError when the list of modules has one twice,
 * or an entry that cannot be loaded.
 */
export function moduleNamesOf(system: System): string[] {
  const without = system.modules.flatMap(contractMistakes);
  if (without.length > 0) throw new StartError(without.join("\n"));
  const names = system.modules.map(({ contract }) => contract[moduleName]);
  const doubles = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  const mistakes = [...doubles].map(
    (name) => `The module ${name} is listed twice in ${LIST}. Remove one of its entries.`,
  );
  for (const entry of system.modules) {
    for (const part of ["module", "http"] as const) {
      if (typeof entry[part] === "function") continue;
      const name = entry.contract[moduleName];
      const missing = `${part}: () => import("./${name}/${part}.ts")`;
      mistakes.push(`The entry of ${name} in ${LIST} has no ${part}. Add ${missing}.`);
    }
  }
  if (mistakes.length > 0) throw new StartError(mistakes.join("\n"));
  return names;
}

/** An entry without a contract has no name, so it is told by its place. */
function contractMistakes(entry: Partial<ModuleEntry> | undefined, index: number): string[] {
  if (typeof entry?.contract?.[moduleName] === "string") return [];
  return [
    `Entry ${index + 1} of the list in ${LIST} has no contract. Give it the one that its module ` +
      "exports from contract.ts. If it does, the files import one another in a circle, so that " +
      "it is not there yet: a contract.ts imports nothing of modules/index.ts.",
  ];
}

/** What each entry loads, or a StartError with every sentence that says why one does not. */
async function loadedAll<Loaded extends object>(
  entries: readonly ModuleEntry[],
  load: (entry: ModuleEntry) => Promise<Loaded | string>,
): Promise<Loaded[]> {
  const loaded = await Promise.all(entries.map(load));
  const mistakes = loaded.filter((one) => typeof one === "string");
  if (mistakes.length > 0) throw new StartError(mistakes.join("\n"));
  return loaded.filter((one) => typeof one !== "string");
}

async function insideOf({ contract, module }: ModuleEntry): Promise<Module | string> {
  const name = contract[moduleName];
  const loaded = await fileOf(name, "module.ts", module);
  if (typeof loaded === "string") return loaded;
  // The types say that it is there, but not of what was never type-checked.
  const inside: Partial<Module> | undefined = loaded.default;
  if (inside?.contract === contract) return loaded.default;
  const other = inside?.contract?.[moduleName];
  if (other === undefined) {
    const missing = `export default defineModule({ contract: ${name}, … })`;
    return `modules/${name}/module.ts exports no module. Write ${missing}.`;
  }
  return (
    `The entry of ${name} in ${LIST} loads a module whose contract is another's, ${other}. ` +
    `Import ./${name}/module.ts there, and give its defineModule the contract ${name}.`
  );
}

async function httpOf({ contract, http }: ModuleEntry): Promise<Routes | string> {
  const name = contract[moduleName];
  const loaded = await fileOf(name, "http.ts", http);
  if (typeof loaded === "string" || typeof loaded.http === "function") {
    return typeof loaded === "string" ? loaded : loaded.http;
  }
  const missing = `export const http = (edge: Edge) => new Elysia({ name: "${name}" }).use(edge)`;
  return `modules/${name}/http.ts exports no routes. Write ${missing}.`;
}

/** A file of a module, or why it cannot be imported. What it throws by itself is a defect. */
async function fileOf<File>(
  name: string,
  file: string,
  load: () => Promise<File>,
): Promise<File | string> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    return (
      `The ${file} of the module ${name} cannot be loaded: ${error.message}. ` +
      `Write that file, or mend the import; the entry of ${name} is in ${LIST}.`
    );
  }
}
