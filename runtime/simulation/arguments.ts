import { parseArgs } from "node:util";
import { CommandError } from "../cli/cli.ts";
import { commitOf, firstSeedOf } from "./commit.ts";

const help = [
  "simulate [--seeds 100 | --seed 7] [--from 1 | --from commit] [--minutes 10] [--jobs 1]",
  "[--topology all] [--workload buying] [--only fault | --only none] [--story ord_…]",
  "[--until 03:07] [--break-at text]",
  "  break all of it",
].join(" ");

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
    commit,
    seed: values.seed === undefined ? undefined : wholeNumber("seed", values.seed),
    seeds: wholeNumber("seeds", values.seeds ?? "100"),
    from: firstSeed(values.from ?? "1", commit),
    minutes: wholeNumber("minutes", values.minutes ?? "10"),
    jobs: Math.max(1, wholeNumber("jobs", values.jobs ?? "1")),
    job: values.job === undefined ? undefined : wholeNumber("job", values.job),
    topology: values.topology ?? "all",
    workload: values.workload ?? workload,
    only: values.only === undefined ? undefined : new Set(values.only.filter(isFault)),
    story: values.story,
    untilMs: values.until === undefined ? undefined : milliseconds(values.until),
    breakAt: values["break-at"],
  };
}

const isFault = (name: string) => name !== "none";

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, strict: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${why.replace(/\.$/, "")}. It is written: ${help}`, { cause });
  }
}

/** Refuses what would be passed over: what is told of one seed, with many, and the other way. */
function checkTogether(values: ReturnType<typeof parsed>["values"]): void {
  const { seed } = values;
  const [idle] = (seed === undefined ? ofOne : ofMany).filter((name) => name in values);
  if (idle === undefined) return;
  throw new CommandError(
    seed === undefined
      ? `--${idle} is about one run. Say which with --seed 7.`
      : `--${idle} is about many runs, and --seed ${seed} is one alone. Leave one of them out.`,
  );
}

function firstSeed(text: string, commit: string | undefined): number {
  if (text === "commit") return drawnFrom(commit);
  return wholeNumber("from", text, " or the word commit");
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

function wholeNumber(name: string, text: string, other = ""): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new CommandError(`--${name} is "${text}", but it is a whole number from 0 on${other}.`);
}

function milliseconds(text: string): number {
  const [, minutes = "", seconds = ""] = /^(\d+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (seconds !== "") return Number(minutes) * 60_000 + Number(seconds) * 1_000;
  throw new CommandError(`--until is "${text}", but it is a virtual time such as 03:07.250.`);
}
