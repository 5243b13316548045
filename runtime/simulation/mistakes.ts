import { moduleName } from "../contract/contract.ts";
import { topologyMistakes } from "../host/topology-mistakes.ts";
import { MINUTES_MAX, SEED_MAX } from "./limits.ts";
import type { Scenario } from "./scenario.ts";
import { usualFaults } from "./usual-faults.ts";

/** What is asked for: a scenario, the seeds of its runs, and for how long which faults happen. */
interface Asked extends Scenario {
  readonly seeds: readonly number[];
  readonly minutes?: number;
  readonly only?: readonly string[];
}

/** What of a simulation could not be started, or would never end; a sentence each. */
export function mistakesIn(asked: Asked): string[] {
  const { modules, topologies, workload, faults = {}, minutes = 0, seeds, only } = asked;
  const names = modules.map((one) => one.contract[moduleName]);
  const mistakes = topologies.flatMap((one, index) =>
    topologyMistakes({ name: `number ${index + 1}` }, one, names),
  );
  if (topologies.length === 0) {
    mistakes.push('There is no topology to simulate. Give one, such as { gateway: ["orders"] }.');
  }
  if (!Number.isFinite(minutes) || minutes < 0 || minutes > MINUTES_MAX) {
    const range = `a number from 0 to ${MINUTES_MAX}, such as 10`;
    mistakes.push(`The minutes are ${shown(minutes)}. Give ${range}.`);
  }
  const [wrong] = seeds.filter((one) => !isSeed(one)).map(shown);
  if (wrong !== undefined) {
    mistakes.push(`There is no seed ${wrong}. Give whole numbers from 0 to ${SEED_MAX}.`);
  }
  if (!Number.isSafeInteger(workload.clients) || workload.clients < 0) {
    mistakes.push(`There are ${workload.clients} clients. Give a whole number from 0 on.`);
  }
  const { streamBytesMax = 1 } = asked;
  if (!Number.isSafeInteger(streamBytesMax) || streamBytesMax < 1) {
    mistakes.push(`The streamBytesMax is ${streamBytesMax}. Give a whole number from 1 on.`);
  }
  if (typeof only === "string") {
    const given = JSON.stringify(only);
    mistakes.push(`The only is ${given}, a text. Give a list of names, as in only: [${given}].`);
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

function isSeed(seed: number): boolean {
  return Number.isInteger(seed) && seed >= 0 && seed <= SEED_MAX;
}

/** A number as it was given, in quotes when it is a text. */
function shown(given: unknown): string {
  return typeof given === "string" ? JSON.stringify(given) : String(given);
}
