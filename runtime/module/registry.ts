import { type Contract, fullName, moduleName, proceduresOf } from "../contract/contract.ts";
import type { Module } from "./define-module.ts";

/**
 * Checks modules against one another and against the contracts of the whole system, and returns
 * what is wrong, a sentence each: a module twice, a use of an unknown module or of itself, a cycle
 * of calls, a missing or misplaced handler, a reaction to an event that nobody declares, a port or
 * saga defined twice.
 */
export function graphMistakes(
  modules: readonly Module[],
  contracts: readonly Contract[],
): string[] {
  const names = modules.map(nameOf);
  const here = new Map(modules.map((module) => [nameOf(module), module]));
  const known = new Map(contracts.map((contract) => [contract[moduleName], contract]));
  const mistakes = names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `The module ${name} is listed twice. List it once in modules/index.ts.`);
  for (const module of here.values()) mistakes.push(...moduleMistakes(module, known));
  return [...mistakes, ...cycles(here)];
}

function moduleMistakes(module: Module, known: ReadonlyMap<string, Contract>): string[] {
  const name = nameOf(module);
  const mistakes: string[] = [];
  for (const used of module.uses.map((contract) => contract[moduleName])) {
    if (used === name) mistakes.push(`${name} lists itself in "uses". Leave it out.`);
    else if (!known.has(used)) {
      mistakes.push(`${name} uses ${used}, which is no module here. Add it to modules/index.ts.`);
    }
  }
  for (const procedure of proceduresOf(module.contract)) {
    const handler = module.handlers[procedure.name];
    if (handler?.procedure !== procedure) {
      mistakes.push(
        `${fullName(procedure)} has no handler of its own. Add it to "handlers" in its module.ts.`,
      );
    }
  }
  for (const { event } of module.reactions) {
    if (known.get(event.module)?.[event.name] !== event) {
      mistakes.push(
        `${name} reacts to ${fullName(event)}, which no module here declares. ` +
          `Declare it in modules/${event.module}/contract.ts or remove the reaction.`,
      );
    }
  }
  return [...mistakes, ...doubles(module)];
}

function doubles(module: Module): string[] {
  const names = [
    ...module.ports.map((port) => `port ${port.name}`),
    ...module.sagas.map((saga) => `saga ${saga.name} of version ${saga.version}`),
    ...module.reactions.map((one) => `reaction to ${fullName(one.event)}`),
  ];
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => `${nameOf(module)} has the ${name} twice. Keep one.`);
}

function cycles(known: ReadonlyMap<string, Module>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  function visit(name: string, path: readonly string[]): void {
    const at = path.indexOf(name);
    if (at !== -1) {
      const cycle = [...path.slice(at), name].join(" → ");
      found.push(`Calls go in a circle: ${cycle}. Turn one of them into an event and a reaction.`);
      return;
    }
    if (done.has(name)) return;
    for (const used of known.get(name)?.uses ?? []) visit(used[moduleName], [...path, name]);
    done.add(name);
  }
  for (const name of known.keys()) visit(name, []);
  return found;
}

function nameOf(module: Module): string {
  return module.contract[moduleName];
}
