import { parseArgs } from "node:util";
import { CommandError } from "../cli/cli.ts";
import { commitOf, firstSeedOf } from "./commit.ts";
import { written } from "./help.ts";
import { JOBS_MAX, MINUTES_MAX, SEED_MAX, SEEDS_MAX } from "./limits.ts";
import { usualFaults } from "./usual-faults.ts";

const options = {
  seed: { type: "string" },
  seeds: { type: "string" },
  from: { type: "string" },
  minutes: { type: "string" },
  jobs: { type: "string" },
  /** Which of the jobs of another process this is, from 0. */
  job: { type: "string" },
  topology: { type: "string" },
  workload: { type: "string" },
  /** A fault that may happen, each other not; `none` is none. */
  only: { type: "string", multiple: true },
  story: { type: "string" },
  until: { type: "string" },
  "break-at": { type: "string" },
} as const;

/** What says something of one run alone, and of many alone. */
const ofOne = ["only", "story", "until", "break-at"] as const;
const ofMany = ["seeds", "from", "jobs"] as const;

/** What was asked for with `cleave simulate`. */
export type Arguments = ReturnType<typeof readArguments>;

/** Reads what follows `cleave simulate`; without a name it is this workload. */
export function readArguments(args: readonly string[], workload: string) {
  const { values } = parsed(args);
  checkTogether(values);
  const commit = commitOf(import.meta.dir);
  return {
    ...{ commit, ...seedsOf(values, commit) },
    seed:
      values.seed === undefined ? undefined : wholeNumber("seed", values.seed, { most: SEED_MAX }),
    minutes: wholeNumber("minutes", values.minutes ?? "10", { most: MINUTES_MAX }),
    jobs: wholeNumber("jobs", values.jobs ?? "1", { least: 1, most: JOBS_MAX }),
    job: values.job === undefined ? undefined : wholeNumber("job", values.job),
    topology: values.topology ?? "all",
    workload: values.workload ?? workload,
    only: values.only === undefined ? undefined : faultsIn(values.only),
    story: values.story,
    untilMs: values.until === undefined ? undefined : milliseconds(values.until),
    breakAt: values["break-at"],
  };
}

/** The faults that may happen, by their names. */
function faultsIn(names: readonly string[]): ReadonlySet<string> {
  const faults = names.filter((name) => name !== "none");
  const known = Object.keys(usualFaults);
  const stranger = faults.find(
    (name) => !/^\S+ .+ #\d+$/.test(name) || !known.includes(kindOf(name)),
  );
  if (stranger === undefined) return new Set(faults);
  throw new CommandError(
    `--only is "${stranger}", which no fault of a run is called. A failed run prints its ` +
      "faults, as in --only 'pause core #1'; --only none allows none. Their kinds are: " +
      `${known.join(", ")}.`,
  );
}

function kindOf(fault: string): string {
  return fault.split(" ", 1)[0] ?? "";
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: withValues(args), options, strict: true });
  } catch (cause) {
    if (cause instanceof CommandError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${why.replace(/\.$/, "")}. It is written: ${written.join(" ")}`, {
      cause,
    });
  }
}

/** Has what is below zero be the value that it was meant as, and refuses what has no value. */
function withValues(args: readonly string[]): string[] {
  const words = [...args];
  for (let at = 0; at < words.length; at++) {
    const [word = "", value] = words.slice(at);
    if (!Object.keys(options).some((name) => word === `--${name}`)) continue;
    if (value === undefined || /^-\D/.test(value)) {
      throw new CommandError(`${word} has no value. It is written: ${written.join(" ")}`);
    }
    words.splice(at, 2, `${word}=${value}`);
  }
  return words;
}

type Values = ReturnType<typeof parsed>["values"];

/** Refuses what would be passed over: what is told of one seed, with many, and the other way. */
function checkTogether(values: Values): void {
  const { seed } = values;
  const [idle] = (seed === undefined ? ofOne : ofMany).filter((name) => name in values);
  if (idle === undefined) return;
  throw new CommandError(
    seed === undefined
      ? `--${idle} is about one run. Say which with --seed 7.`
      : `--${idle} is about many runs, and --seed ${seed} is one alone. Leave one of them out.`,
  );
}

/** The first seed and how many there are, none of them beyond the last. */
function seedsOf({ seeds = "100", from = "1" }: Values, commit: string | undefined) {
  const many = {
    seeds: wholeNumber("seeds", seeds, { most: SEEDS_MAX }),
    from: firstSeed(from, commit),
  };
  const last = many.from + many.seeds - 1;
  if (last <= SEED_MAX) return many;
  throw new CommandError(
    `--from ${many.from} with --seeds ${many.seeds} goes on to seed ${last}, but the last is ` +
      `${SEED_MAX}. Begin with an earlier one, or run fewer.`,
  );
}

function firstSeed(text: string, commit: string | undefined): number {
  if (text === "commit") return drawnFrom(commit);
  const seed = wholeNumberIn(text, { most: SEED_MAX });
  if (seed !== undefined) return seed;
  throw noNumber("from", text, `from 0 to ${SEED_MAX} or the word commit`);
}

/** Other seeds for each commit, and the same for the same one. */
function drawnFrom(commit: string | undefined): number {
  if (commit === undefined) {
    console.log("Git knows of no commit here to draw the seeds from, so they begin with 1.");
    return 1;
  }
  const first = firstSeedOf(commit);
  console.log(`The seeds are drawn from commit ${commit}: they begin with ${first}.`);
  return first;
}

/** What a number may be. */
interface Range {
  readonly least?: number;
  readonly most?: number;
}

function wholeNumber(name: string, text: string, range: Range = {}): number {
  const number = wholeNumberIn(text, range);
  if (number !== undefined) return number;
  const { least = 0, most } = range;
  throw noNumber(name, text, most === undefined ? `from ${least} on` : `from ${least} to ${most}`);
}

function wholeNumberIn(text: string, range: Range): number | undefined {
  const { least = 0, most = Number.MAX_SAFE_INTEGER } = range;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isInteger(number) && number >= least && number <= most ? number : undefined;
}

function noNumber(name: string, text: string, range: string): CommandError {
  return new CommandError(`--${name} is "${text}", but it is a whole number ${range}.`);
}

function milliseconds(text: string): number {
  const [, minutes = "", seconds = ""] = /^(\d+):([0-5]?\d(?:\.\d+)?)$/.exec(text) ?? [];
  if (seconds !== "") return Number(minutes) * 60_000 + Number(seconds) * 1_000;
  throw new CommandError(
    `--until is "${text}", but it is a virtual time such as 03:07.250, its seconds below 60.`,
  );
}
