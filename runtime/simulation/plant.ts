import { readFileSync } from "node:fs";
import { plugin } from "bun";
import type { FaultRates } from "./faults.ts";

/** A bug that is put into a source file as it is loaded, to see whether the simulation finds it. */
export interface PlantedBug {
  readonly name: string;
  /** What does not hold any more. */
  readonly why: string;
  /** The path of the file from the root of the project. */
  readonly file: string;
  /** A text that occurs once in the file, and what stands there instead. */
  readonly find: string;
  readonly replace: string;
  /** What one of the violations says when it is found. */
  readonly says: RegExp;
  /** Where it is looked for: with more of the faults that bring it out, and in which topology. */
  readonly faults?: Partial<FaultRates>;
  readonly topology?: string;
}

/** The source with its bug. Throws when the bug does not fit into the file any more. */
export function planted({ name, file, find, replace }: PlantedBug, source: string): string {
  const [before, after, ...more] = source.split(find);
  if (before !== undefined && after !== undefined && more.length === 0) {
    return `${before}${replace}${after}`;
  }
  const times = after === undefined ? "not" : `${more.length + 1} times`;
  throw new Error(
    `The planted bug "${name}" looks for a text that occurs ${times} in ${file}, not once. ` +
      "Plant it anew where the code is now.",
  );
}

/**
 * Has a file loaded with a bug in this process, which must not have loaded it before. Nothing else
 * can turn it on: what is planted is no part of the product.
 */
export function plant(bug: PlantedBug): void {
  const path = new URL(`../../${bug.file}`, import.meta.url).pathname;
  const contents = planted(bug, readFileSync(path, "utf8"));
  plugin({
    name: `planted: ${bug.name}`,
    setup(build) {
      build.onLoad({ filter: new RegExp(`${RegExp.escape(bug.file)}$`) }, () => ({
        contents,
        loader: "ts",
      }));
    },
  });
}
