import { moduleName } from "../contract/contract.ts";
import { topologyMistakes } from "../host/topology-mistakes.ts";
import type { Scenario } from "./scenario.ts";
import { usualFaults } from "./usual-faults.ts";

/** What of a simulation could not be started, or would never end; a sentence each. */
export function mistakesIn(asked: Scenario & { readonly minutes?: number }): string[] {
  const { modules, topologies, workload, faults = {}, minutes = 0 } = asked;
  const names = modules.map((one) => one.contract[moduleName]);
  const mistakes = topologies.flatMap((one, index) =>
    topologyMistakes(`number ${index + 1}`, one, names),
  );
  if (topologies.length === 0) {
    mistakes.push('There is no topology to simulate. Give one, such as { gateway: ["orders"] }.');
  }
  if (!Number.isFinite(minutes) || minutes < 0) {
    mistakes.push(`The minutes are ${minutes}. Give a number from 0 on, such as 10.`);
  }
  if (!Number.isSafeInteger(workload.clients) || workload.clients < 0) {
    mistakes.push(`There are ${workload.clients} clients. Give a whole number from 0 on.`);
  }
  return [...mistakes, ...Object.entries(faults).flatMap(rateMistakes)];
}

function rateMistakes([fault, rate]: [string, number]): string[] {
  const known = Object.keys(usualFaults);
  if (!known.includes(fault)) {
    return [`There is no fault "${fault}". There are: ${known.join(", ")}.`];
  }
  if (rate >= 0 && rate <= 1) return [];
  return [`The rate of "${fault}" is ${rate}. Give a share of its opportunities, from 0 to 1.`];
}
