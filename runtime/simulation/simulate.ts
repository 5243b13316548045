import { turns } from "../testing/stillness.ts";
import { nameOf } from "./faults.ts";
import { keepSeed, keptSeeds } from "./kept.ts";
import { type Outcome, prepared, runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { shrunk } from "./shrink.ts";
import { idsIn, storyOf } from "./story.ts";

const MINUTES = 10;
const SHRINKING_RUNS_MAX = 60;

/** What is simulated, and how often. */
export interface Simulation extends Scenario {
  /** The seeds to run, each a run of its own. */
  readonly seeds: Iterable<number>;
  /** How long faults happen in a run, in virtual minutes; 10 when not given. */
  readonly minutes?: number;
  /** A file of seeds that have failed once: they are run first, and a new one is added. */
  readonly kept?: string;
  /** Hears of each run when it has ended. */
  readonly ran?: (outcome: Outcome) => void;
}

/** A seed with which something did not hold. */
export interface Failure {
  readonly seed: number;
  /** What did not hold, a sentence each. */
  readonly violations: readonly string[];
  /** The faults without which everything would have held, as far as could be found out. */
  readonly faults: readonly string[];
  /** What happened to what the violations name, a line a step. */
  readonly story: readonly string[];
}

/** How a simulation went. */
export interface Report {
  readonly runs: number;
  readonly failures: readonly Failure[];
}

/**
 * Runs a whole system in this process under a virtual clock, with real modules, databases and
 * sagas, and with everything beneath them broken in every way: once for each seed.
 *
 * A run depends on its seed alone. It ends an hour after the last fault at the latest; by then
 * every client must be done, every event taken in and every saga ended, and the invariants must
 * hold. A seed that fails is run again with fewer faults until the least are found, and told as a
 * story.
 */
export async function simulate(simulation: Simulation): Promise<Report> {
  const { kept, minutes = MINUTES, ran } = simulation;
  const before = kept === undefined ? [] : keptSeeds(kept).map(({ seed }) => seed);
  const images = prepared(simulation);
  const failures: Failure[] = [];
  let runs = 0;
  using escaped = new Escaped();
  for (const seed of new Set([...before, ...simulation.seeds])) {
    const run = (more: Parameters<Rerun>[0] | undefined) =>
      runSeed(simulation, { seed, minutes, images, ...more });
    const outcome = run(undefined);
    // What a run left to the event loop ends before the next begins.
    await turns(1);
    const violations = [...outcome.violations, ...escaped.taken()];
    runs += 1;
    ran?.({ ...outcome, violations });
    if (violations.length === 0) continue;
    const failure =
      outcome.violations.length > 0
        ? explained(outcome, run)
        : { seed, violations, faults: outcome.faults.map(nameOf), story: [] };
    failures.push(failure);
    if (kept !== undefined) keepSeed(kept, { seed, found: failure.violations[0] ?? "" });
  }
  return { runs, failures };
}

/** Promises that were rejected and nobody heard of it, which would end a real process. */
class Escaped implements Disposable {
  #sentences: string[] = [];
  readonly #hear = (error: unknown) => {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#sentences.push(`Nobody caught an error: ${what}`);
  };

  constructor() {
    process.on("unhandledRejection", this.#hear);
  }

  taken(): string[] {
    return this.#sentences.splice(0);
  }

  [Symbol.dispose](): void {
    process.off("unhandledRejection", this.#hear);
  }
}

type Rerun = (more: {
  readonly only: ReadonlySet<string>;
  readonly keepsSteps?: boolean;
}) => Outcome;

function explained({ seed, faults }: Outcome, rerun: Rerun): Failure {
  const fails = (only: ReadonlySet<string>) => rerun({ only }).violations.length > 0;
  const least = shrunk(faults.map(nameOf), fails, { runsMax: SHRINKING_RUNS_MAX });
  const { violations, steps } = rerun({ only: new Set(least), keepsSteps: true });
  const story = idsIn(violations)
    .slice(0, 3)
    .flatMap((id) => [`What happened to ${id}:`, ...storyOf(id, steps)]);
  return { seed, violations, faults: least, story };
}
