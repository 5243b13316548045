import { type FaultRates, Faults } from "./faults.ts";
import { noFaults } from "./no-faults.ts";
import { seeded } from "./seeded.ts";
import { Trace } from "./trace.ts";
import { World } from "./world.ts";

/** A world in which only the faults happen that are told, and those once `world.faults.on` is. */
export function smallWorld(rates: Partial<FaultRates> = {}, seed = 1): World {
  const source = seeded(seed);
  const faults = new Faults({ seed: source.fork("faults"), rates: { ...noFaults, ...rates } });
  return new World({ seed: source, faults, trace: new Trace({}) });
}
