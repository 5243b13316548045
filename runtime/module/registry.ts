import { type Contract, fullName, moduleName, proceduresOf } from "../contract/contract.ts";
import type { Module } from "./define-module.ts";
import { modulesOf } from "./uses.ts";

/**
 * Checks modules against one another and against the contracts of the whole system, and returns
 * what is wrong, a sentence each: a module twice, a use of an unknown procedure or of its own, a
 * handler or saga that may call more than the module, a cycle of calls, a missing, misplaced or
 * foreign handler, a reaction to an event that nobody declares, a port or saga defined twice.
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
  const mistakes = [...usesMistakes(module, known), ...differences(module)];
  for (const procedure of proceduresOf(module.contract)) {
    const handler = module.handlers[procedure.name];
    if (handler?.procedure !== procedure) {
      mistakes.push(
        `${fullName(procedure)} has no handler of its own. Add it to "handlers" in its module.ts.`,
      );
    }
  }
  for (const [key, { procedure }] of Object.entries(module.handlers)) {
    if (module.contract[key] === procedure) continue;
    mistakes.push(
      `${name} has a handler of ${fullName(procedure)} under the name ${key}, which is no such ` +
        "procedure of its contract. Remove it, or declare the procedure.",
    );
  }
  for (const { event } of module.reactions) {
    const producer = known.get(event.module);
    if (producer === undefined) {
      mistakes.push(
        `${name} reacts to ${fullName(event)}, but ${event.module} is no module here. ` +
          "Add it to modules/index.ts or remove the reaction.",
      );
    } else if (producer[event.name] !== event) {
      mistakes.push(
        `${name} reacts to ${fullName(event)}, which ${event.module} does not declare. ` +
          `Declare it in modules/${event.module}/contract.ts or remove the reaction.`,
      );
    }
  }
  return [...mistakes, ...doubles(module)];
}

function usesMistakes({ contract, uses }: Module, known: ReadonlyMap<string, Contract>): string[] {
  const name = contract[moduleName];
  const mistakes = modulesOf(uses).flatMap((used) => {
    if (used === name) return `${name} lists itself in "uses". Leave it out.`;
    if (known.has(used)) return [];
    return `${name} uses ${used}, which is no module here. Add it to modules/index.ts.`;
  });
  for (const used of uses) {
    const offered = known.get(used.module);
    if (used.module === name || offered === undefined) continue;
    if (proceduresOf(offered).some((one) => one.name === used.name)) continue;
    mistakes.push(
      `${name} uses ${fullName(used)}, which ${used.module} does not offer. ` +
        `Declare it in modules/${used.module}/contract.ts or remove it from "uses".`,
    );
  }
  return mistakes;
}

/** What handlers and sagas may call by their type, and their module may not. */
function differences({ contract, uses, handlers, sagas }: Module): string[] {
  const name = contract[moduleName];
  const parts = [
    ...Object.values(handlers).map(
      (one) => [`handler of ${fullName(one.procedure)}`, one] as const,
    ),
    ...sagas.map((one) => [`saga ${one.name}`, one] as const),
  ];
  return parts.flatMap(([what, part]) => {
    const missing = part.uses.filter((used) => !uses.includes(used)).map(fullName);
    if (missing.length === 0) return [];
    return (
      `The ${what} may call ${missing.join(", ")}, which ${name} leaves out of its "uses". ` +
      `Declare the uses of ${name} once, and give them to defineModule.`
    );
  });
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
    for (const used of modulesOf(known.get(name)?.uses ?? [])) visit(used, [...path, name]);
    done.add(name);
  }
  for (const name of known.keys()) visit(name, []);
  return found;
}

function nameOf(module: Module): string {
  return module.contract[moduleName];
}
