import { GATEWAY } from "../contract/broker-users.ts";
import { moduleName, type Procedure, proceduresOf } from "../contract/contract.ts";
import type { Manifest } from "../transport/manifest.ts";
import type { Module } from "./define-module.ts";
import { operationsOf } from "./operations.ts";
import { modulesOf } from "./uses.ts";

/**
 * Who offers, calls and reads what, as the modules declare it. A module offers its operations
 * beside the procedures of its contract.
 */
export function manifestOf(modules: readonly Module[]): Manifest {
  return modules.map((module) => {
    const name = module.contract[moduleName];
    const procedures = [...proceduresOf(module.contract), ...proceduresOf(operationsOf(name))];
    return {
      name,
      queries: namesOf(procedures, "query"),
      commands: namesOf(procedures, "command"),
      events: Object.values(module.contract)
        .filter((one) => one.kind === "event")
        .map((one) => one.name),
      calls: callsOf(module),
      reads: readsOf(module),
    };
  });
}

/** The modules whose instances a user may call: for the gateway any, `*`, else those it uses. */
export function calleesOf(user: string, modules: readonly Module[]): readonly string[] {
  if (user === GATEWAY) return ["*"];
  const module = modules.find((one) => one.contract[moduleName] === user);
  return modulesOf(module?.uses ?? []);
}

function namesOf(procedures: readonly Procedure[], kind: Procedure["kind"]): string[] {
  return procedures.filter((one) => one.kind === kind).map((one) => one.name);
}

function callsOf({ uses }: Module) {
  return modulesOf(uses).map((callee) => {
    const procedures = uses.filter((one) => one.module === callee).map((one) => one.name);
    return { callee, procedures: [...new Set(procedures)] };
  });
}

function readsOf({ reactions }: Module) {
  const byProducer = new Map<string, Set<string>>();
  for (const { event } of reactions) {
    const events = byProducer.get(event.module) ?? new Set();
    byProducer.set(event.module, events.add(event.name));
  }
  return [...byProducer].map(([producer, events]) => ({ producer, events: [...events] }));
}
