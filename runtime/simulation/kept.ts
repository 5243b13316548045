import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { t } from "../contract/schema.ts";
import { MINUTES_MAX, SEED_MAX } from "./limits.ts";

const Kept = t.Object({
  seed: t.Integer({ minimum: 0, maximum: SEED_MAX }),
  /** For how many virtual minutes faults happen in it. */
  minutes: t.Number({ minimum: 0, maximum: MINUTES_MAX }),
  /** What it runs, by the names that `cleave simulate` knows. */
  workload: t.Optional(t.String()),
  topology: t.Optional(t.String()),
  /** Where it failed: what the seed does may be something else in another commit. */
  commit: t.Optional(t.String()),
  /** The least faults that it took, as far as they are known. */
  faults: t.Array(t.String()),
  /** What did not hold, as a sentence. */
  found: t.String(),
});

/** By which names `cleave simulate` knows a scenario, and in which commit it is run. */
export interface Named {
  readonly workload?: string | undefined;
  readonly topology?: string | undefined;
  readonly commit?: string | undefined;
}

/** A seed that once failed, with all that it takes to run it again. */
export interface KeptSeed extends Named {
  readonly seed: number;
  readonly minutes: number;
  readonly faults: readonly string[];
  readonly found: string;
}

/** The seeds that have failed once, from a file that need not be there; each once. */
export function keptSeeds(path: string): readonly KeptSeed[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  const kept = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [keptIn(line, `Line ${index + 1} of ${path}`)],
  );
  return [...Map.groupBy(kept, runOf).values()].flatMap((same) => same.slice(0, 1));
}

/**
 * Adds a seed to those that are run first from now on.
 *
 * It is one line, written at once at the end of the file, so that of several processes that each
 * find one none overwrites what another has written.
 */
export function keepSeed(path: string, added: KeptSeed): void {
  if (keptSeeds(path).some((one) => runOf(one) === runOf(added))) return;
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, `${JSON.stringify(added)}\n`);
}

/** The same for entries that are the same run. */
function runOf({ seed, minutes, workload, topology }: KeptSeed): string {
  return JSON.stringify([seed, minutes, workload, topology]);
}

function keptIn(line: string, where: string): KeptSeed {
  const kept = parsed(line);
  if (Value.Check(Kept, kept)) return kept;
  throw new Error(
    `${where} is no kept seed, such as ` +
      '{"seed":7,"minutes":10,"faults":[],"found":"…"}. Mend it, or delete it.',
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
