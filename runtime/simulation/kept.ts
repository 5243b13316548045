import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Value } from "@sinclair/typebox/value";
import { t } from "../contract/schema.ts";

const Kept = t.Array(
  t.Object({
    seed: t.Integer(),
    /** What it found, for whoever reads the file. */
    found: t.String(),
  }),
);

/** A seed that once failed. */
export interface KeptSeed {
  readonly seed: number;
  readonly found: string;
}

/** The seeds that have failed once, from a file that need not be there. */
export function keptSeeds(path: string): readonly KeptSeed[] {
  if (!existsSync(path)) return [];
  const kept: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (Value.Check(Kept, kept)) return kept;
  throw new Error(`${path} is no list of { "seed", "found" }. Mend it, or delete it.`);
}

/** Adds a seed to those that are run first from now on. */
export function keepSeed(path: string, added: KeptSeed): void {
  const kept = keptSeeds(path);
  if (kept.some(({ seed }) => seed === added.seed)) return;
  writeFileSync(path, `${JSON.stringify([...kept, added], null, 2)}\n`);
}
