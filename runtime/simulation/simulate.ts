import { turns } from "../testing/stillness.ts";
import { Escaped } from "./escaped.ts";
import type { Failure } from "./failure.ts";
import { nameOf } from "./faults.ts";
import { type KeptSeed, keepSeed, keptSeeds, type Named } from "./kept.ts";
import { mistakesIn } from "./mistakes.ts";
import { prepared } from "./prepared.ts";
import { type Outcome, type RunOptions, runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { shrunk } from "./shrink.ts";
import { kindOf, shortened, storyBehind } from "./story.ts";
import { told } from "./told.ts";

const MINUTES = 10;
const SHRINKING_RUNS_MAX = 60;
/** Failures that are explained and kept, at most: one bug often fails every seed. */
const EXPLAINED_MAX = 5;
const NO_SEED = "There is no seed to run. Give some, such as seeds: [1, 2, 3].";
const UNSTEADY =
  "Run again, the seed went otherwise: something depends on more than the seed, such as on " +
  "Math.random, Date.now, or a variable of a module, which outlives processes and runs here. " +
  "Take ids and time from newId and now of the handler; keep the rest in the module's database.";

/** What is simulated, and how often. */
export interface Simulation extends Scenario {
  /** The seeds to run, each a run of its own: whole numbers from 0 to 4294967295. */
  readonly seeds: Iterable<number>;
  /** How long faults happen in a run, in virtual minutes; 10 when not given. */
  readonly minutes?: number;
  /**
   * The faults that alone may happen, such as the `faults` of a failure: only in that run, of its
   * seed and minutes, do the times and ids of its story occur. All may when not given.
   */
  readonly only?: readonly string[];
  /** A file of seeds that have failed once: they are run first, and a new one is added. */
  readonly kept?: string;
  /** What is kept with a seed; only those are run that were kept of the same. */
  readonly named?: Named;
  /** Leaves the kept seeds to another process, and still adds those that fail. */
  readonly isFresh?: boolean;
  /** Hears of each run when it begins, and when it has ended. */
  readonly begins?: (seed: number) => void;
  readonly ran?: (outcome: Outcome) => void;
  /** Hears of each failure when its least faults are known, and the seed is kept if it can be. */
  readonly found?: (failure: Failure) => void;
  /** Ends it, when aborted, before the next run begins. */
  readonly signal?: AbortSignal;
}

/** How a simulation went. */
export interface Report {
  readonly runs: number;
  readonly failures: readonly Failure[];
  /**
   * The failures to be read, with how each is run again, and which faults of `only` have happened
   * in no run; nothing when all is well.
   */
  readonly told: readonly string[];
  /** Of which kept seeds a run is no more what it was when they failed, a sentence each. */
  readonly faded: readonly string[];
}

/** One run that is to be made. */
type Due = Pick<KeptSeed, "seed" | "minutes"> & Partial<KeptSeed>;

/**
 * Runs a whole system in this process under a virtual clock, with real modules, databases and
 * sagas, and with everything beneath them broken in every way: once for each seed.
 *
 * A run depends on its seed alone. It ends an hour after the last fault at the latest; by then
 * every client must be done, every event taken in, every saga ended or waiting for its time, and
 * the invariants must hold. What the runtime owes, such as an event to a reader, it may owe for
 * five minutes then. A seed that fails is run again with fewer faults until the least are found,
 * and told as a story; only the first five that fail are, and are kept. The first seed that passes
 * is run twice, to see that it goes the same way.
 */
export async function simulate(simulation: Simulation): Promise<Report> {
  const { named, begins, ran, found, signal } = simulation;
  const due = dueOf(simulation);
  check(simulation, due);
  const only = simulation.only && new Set(simulation.only);
  const idle = new Set(only);
  const images = prepared(simulation);
  const failures: Failure[] = [];
  const faded: string[] = [];
  let runs = 0;
  let isSteady = false;
  using escaped = new Escaped();
  for (const one of due) {
    if (signal?.aborted === true) break;
    const { seed, minutes } = one;
    begins?.(seed);
    const run: Rerun = (more) => runSeed(simulation, { seed, minutes, images, only, ...more });
    const outcome = run({ readsContent: !isSteady });
    // What a run left to the event loop ends before the next begins.
    await turns(1);
    const violations = [...outcome.violations, ...escaped.taken()];
    if (violations.length === 0 && !isSteady) {
      isSteady = isSame(run({ readsContent: true }), outcome);
      if (!isSteady) violations.push(UNSTEADY);
    }
    runs += 1;
    ran?.({ ...outcome, violations });
    faded.push(...fadedIn(one, outcome));
    for (const fault of idle.size > 0 ? outcome.faults : []) idle.delete(nameOf(fault));
    if (violations.length === 0) continue;
    const isExplained = failures.length < EXPLAINED_MAX;
    const failure = keptIn(simulation, {
      ...{ minutes, isExplained },
      ...(outcome.violations.length > 0 && isExplained
        ? explained(outcome, run)
        : { seed, violations, faults: outcome.faults.map(nameOf), story: [] }),
    });
    failures.push(failure);
    found?.(failure);
    // What was left uncaught while the seed was run again is not the next one's.
    await turns(1);
    escaped.taken();
  }
  const all = [...failures.flatMap((one) => told(one, named)), ...[...idle].map(idleIn)];
  return { runs, failures, told: all, faded };
}

/** Refuses what could not be started, would never end, or would test nothing. */
function check(simulation: Simulation, due: readonly Due[]): void {
  const mistakes = mistakesIn({ ...simulation, seeds: due.map(({ seed }) => seed) });
  if (simulation.kept === undefined && due.length === 0) mistakes.push(NO_SEED);
  if (mistakes.length > 0) throw new Error(mistakes.join("\n"));
}

/** The kept seeds of this scenario, and then those that were asked for; none of them twice. */
function dueOf({ seeds, minutes = MINUTES, kept, named, isFresh }: Simulation): Due[] {
  const before = (kept === undefined || isFresh === true ? [] : keptSeeds(kept)).filter(
    ({ workload, topology }) => workload === named?.workload && topology === named?.topology,
  );
  const known = new Set(before.filter((one) => one.minutes === minutes).map(({ seed }) => seed));
  const fresh = [...new Set(seeds)].filter((seed) => !known.has(seed));
  return [...before, ...fresh.map((seed) => ({ seed, minutes }))];
}

/** That one of the faults that alone may happen does not, as when it is misspelt. */
function idleIn(fault: string): string {
  const remedy = "Give its name, and seeds and minutes, as the failure has them.";
  return `The fault "${fault}" of only has happened in no run. ${remedy}`;
}

/** Keeps an explained failure; one that cannot be kept is found all the same, and says why. */
function keptIn({ kept, named }: Simulation, failure: Failure): Failure {
  if (kept === undefined || !failure.isExplained) return failure;
  try {
    keepSeed(kept, keptOf(failure, named));
    return failure;
  } catch (error) {
    return { ...failure, unkept: error instanceof Error ? error.message : String(error) };
  }
}

function keptOf(failure: Failure, named: Named | undefined): KeptSeed {
  const { seed, minutes, faults, violations } = failure;
  return { seed, minutes, ...named, faults, found: violations[0] ?? "" };
}

/** That a kept seed has lost a fault it was kept for: up to there the run is another by now. */
function fadedIn({ seed, faults = [], commit, found }: Due, outcome: Outcome): string[] {
  const happened = new Set(outcome.faults.map(nameOf));
  const [lost] = faults.filter((fault) => !happened.has(fault));
  if (lost === undefined) return [];
  return [
    `The kept seed ${seed} is a run like any other by now: "${lost}" does not happen in it, ` +
      `which it takes to fail. What it found is seen in commit ${commit ?? "(unknown)"}: ${found}`,
  ];
}

type Rerun = (more: Partial<RunOptions>) => Outcome;

function explained(outcome: Outcome, rerun: Rerun): Omit<Failure, "minutes" | "isExplained"> {
  const { seed } = outcome;
  const all = outcome.faults.map(nameOf);
  const most = { only: new Set(all), readsContent: true };
  const again = rerun({ ...most, keepsSteps: true });
  if (!isSame(again, outcome) || again.content !== rerun(most).content) {
    const violations = [...outcome.violations, UNSTEADY];
    const story = shortened(storyBehind(violations, again.steps));
    return { seed, violations, faults: all, story };
  }
  // With fewer faults something else may fail, which is not what was found.
  const kinds = new Set(outcome.violations.map(kindOf));
  const fails = (only: ReadonlySet<string>) =>
    rerun({ only }).violations.some((one) => kinds.has(kindOf(one)));
  const least = shrunk(all, fails, { runsMax: SHRINKING_RUNS_MAX });
  const { violations, steps } = rerun({ only: new Set(least), keepsSteps: true });
  return { seed, violations, faults: least, story: shortened(storyBehind(violations, steps)) };
}

/** Whether two runs were the same, and left the same where both tell. */
function isSame(one: Outcome, other: Outcome): boolean {
  const tell = one.content !== undefined && other.content !== undefined;
  if (tell && one.content !== other.content) return false;
  return one.digest === other.digest && Bun.deepEquals(one.violations, other.violations);
}
