import { CommandError } from "../cli/cli.ts";
import type { Arguments } from "./arguments.ts";
import type { Failure } from "./failure.ts";
import { type KeptSeed, keptSeeds, type Named, whereKept } from "./kept.ts";
import { tellEnd, tellSeed } from "./progress.ts";
import type { Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { sumOf, type Tally, tallyOf } from "./tally.ts";
import { told } from "./told.ts";

/** What was asked of one job. */
type Asked = Arguments & { readonly job: number };

/** A workload and topology, and what of a system they are. */
interface Group {
  readonly named: Named;
  readonly scenario: Scenario;
}

/** What the seeds are of, and where those are kept that fail. */
interface Many {
  readonly groups: readonly Group[];
  readonly kept: string;
  /** Ends it after the run that is under way. */
  readonly stopped: AbortSignal;
}

/** What can be simulated, and where seeds are kept of it. */
interface Known {
  readonly scenarioOf: (named: Named) => Promise<Scenario>;
  readonly kept: string;
}

/**
 * What is run, in this order: what else seeds were kept of, and what was asked for. A kept seed of
 * what is gone is refused with its line.
 */
export async function groupsOf(asked: Arguments, { scenarioOf, kept }: Known): Promise<Group[]> {
  const groups: Group[] = [];
  for (const named of othersKept(kept, asked)) {
    const scenario = await scenarioOf(named).catch((cause: unknown) => {
      if (!(cause instanceof CommandError)) throw cause;
      throw new CommandError(
        `${whereKept(kept, named)} is a seed that cannot be run: ${cause.message} ` +
          "Delete the line, or give it what there is.",
        { cause },
      );
    });
    groups.push({ named, scenario });
  }
  return [...groups, { named: asked, scenario: await scenarioOf(asked) }];
}

/**
 * What one job does: it runs the kept seeds of other workloads and topologies, and then what was
 * asked for; returns the exit code. A failure is told as soon as its least faults are known.
 */
export async function runMany(asked: Asked, many: Many): Promise<number> {
  const { groups, kept, stopped: signal } = many;
  const { commit, minutes, job } = asked;
  const isFresh = isLater(job);
  const tallies: Tally[] = [];
  const failures: Failure[] = [];
  const before = isFresh ? [] : keptSeeds(kept);
  if (before.length > 0) console.log(beginning(before, asked));
  for (const { named: of, scenario } of groups) {
    const named = { workload: of.workload, topology: of.topology, commit };
    const { faded } = await simulate({
      ...scenario,
      ...{ kept, named, minutes, signal, isFresh, seeds: seedsOf(named, asked) },
      begins: tellSeed,
      ran(outcome) {
        tallies.push(tallyOf(outcome));
        const { seed, violations } = outcome;
        if (violations.length === 0) return;
        console.log(`Seed ${seed} failed; looking for the least faults …`);
      },
      found(failure) {
        failures.push(failure);
        console.log(told(failure, named).join("\n"));
      },
    });
    for (const one of faded) console.log(one);
  }
  if (failures.some(isKept)) console.log(`From now on ${kept} has them run first. Commit it.`);
  return tellEnd(sumOf(tallies), { isStopped: false });
}

/** How many seeds come first, and how many of those were asked for as well. */
function beginning(before: readonly KeptSeed[], asked: Asked): string {
  const { workload, topology, minutes, from, seeds } = asked;
  const both = before.filter(
    (one) =>
      Bun.deepEquals([one.workload, one.topology, one.minutes], [workload, topology, minutes]) &&
      one.seed >= from &&
      one.seed < from + seeds,
  ).length;
  const among = both === 0 ? "" : `, ${both} of the ${seeds} asked for among them`;
  return `First come the seeds that have failed once: ${before.length}${among}.`;
}

function isKept({ isExplained, unkept }: Failure): boolean {
  return isExplained && unkept === undefined;
}

/** Whether another job runs the kept seeds. */
function isLater(job = 0): boolean {
  return job > 0;
}

/** The seeds that were asked for: they are of the workload and topology asked for alone. */
function seedsOf({ workload, topology }: Named, asked: Arguments): readonly number[] {
  if (workload !== asked.workload || topology !== asked.topology) return [];
  return Array.from({ length: asked.seeds }, (_, index) => asked.from + index);
}

/** What else seeds were kept of, each workload and topology once. */
function othersKept(kept: string, asked: Arguments): Named[] {
  if (isLater(asked.job)) return [];
  const others = keptSeeds(kept).filter(
    ({ workload, topology }) => workload !== asked.workload || topology !== asked.topology,
  );
  const groups = Map.groupBy(others, ({ workload, topology }) => `${workload} ${topology}`);
  return [...groups.values()].flatMap((same) => same.slice(0, 1));
}
