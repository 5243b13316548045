import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { CommandError } from "../cli/cli.ts";
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

/** A line of the file, and where it is, as `Line 3 of kept-seeds.jsonl`. */
interface Line {
  readonly kept: KeptSeed;
  readonly where: string;
}

/** The seeds that have failed once, from a file that need not be there; each once. */
export function keptSeeds(path: string): readonly KeptSeed[] {
  return linesOf(path).map(({ kept }) => kept);
}

/** Where the first seed of a workload and topology is kept, as `Line 3 of kept-seeds.jsonl`. */
export function whereKept(path: string, { workload, topology }: Named): string {
  const first = linesOf(path).find(
    ({ kept }) => kept.workload === workload && kept.topology === topology,
  );
  return first?.where ?? path;
}

/**
 * Adds a seed to those that are run first from now on.
 *
 * It is one line, written at once at the end of the file, so that of several processes that each
 * find one none overwrites what another has written.
 */
export function keepSeed(path: string, added: KeptSeed): void {
  if (keptSeeds(path).some((one) => runOf(one) === runOf(added))) return;
  // Whoever mended the file by hand may have left its last line without an end.
  const end = /[^\n]$/.test(textOf(path)) ? "\n" : "";
  try {
    mkdirSync(dirname(path), { recursive: true });
    appendWhole(path, `${end}${JSON.stringify(added)}\n`);
  } catch (cause) {
    throw new CommandError(
      `The file of kept seeds ${path} cannot be written: ${reasonOf(cause)}. ` +
        "Let this user write it and its folder.",
      { cause },
    );
  }
}

/** What a full disk has let in of a line is cut off again. */
function appendWhole(path: string, line: string): void {
  const file = openSync(path, "a");
  const bytes = Buffer.from(line);
  let done = 0;
  try {
    while (done < bytes.length) done += writeSync(file, bytes, done);
  } catch (error) {
    ftruncateSync(file, fstatSync(file).size - done);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** The same for entries that are the same run. */
function runOf({ seed, minutes, workload, topology }: KeptSeed): string {
  return JSON.stringify([seed, minutes, workload, topology]);
}

function linesOf(path: string): readonly Line[] {
  const all = textOf(path)
    .split("\n")
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      const where = `Line ${index + 1} of ${path}`;
      return [{ kept: keptIn(line, where), where }];
    });
  return [...Map.groupBy(all, ({ kept }) => runOf(kept)).values()].flatMap((one) =>
    one.slice(0, 1),
  );
}

function textOf(path: string): string {
  if (!existsSync(path)) return "";
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CommandError(
      `The file of kept seeds ${path} cannot be read: ${reasonOf(cause)}. ` +
        "Have a file be there that this user may read, or nothing.",
      { cause },
    );
  }
}

function keptIn(line: string, where: string): KeptSeed {
  const kept = parsed(line);
  if (Value.Check(Kept, kept)) return kept;
  throw new CommandError(`${where} ${whyNone(line)}`);
}

/** What else than a kept seed a line is, and the remedy. */
function whyNone(line: string): string {
  if (/^(<{7}|={7}|>{7}|\|{7})/.test(line)) {
    return "is a mark of git's at a conflict. Leave the seeds of both sides, and delete its marks.";
  }
  if (line.startsWith("\uFEFF")) {
    return "begins with a byte order mark, which nobody sees. Save the file as UTF-8 without one.";
  }
  return (
    'is no kept seed, such as {"seed":7,"minutes":10,"faults":[],"found":"…"}. ' +
    "Mend it, or delete it."
  );
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
