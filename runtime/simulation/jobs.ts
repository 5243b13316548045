import type { Arguments } from "./arguments.ts";
import { closingLine, sumOf, type Tally, tallyIn } from "./tally.ts";

/** How the line looks with which a job tells the seed that it begins with. */
const begun = /^begins with seed (\d+)$/;

/** The seeds of one job. */
type Share = Pick<Arguments, "from" | "seeds">;

/** Has whoever started this job know the seed that it is at. */
export function tellSeed(seed: number): void {
  console.log(`begins with seed ${seed}`);
}

/**
 * Shares the seeds among processes, each with a core of its own, and adds up what they found.
 *
 * A job of their own runs the kept seeds first, so that none sees what the others then keep. A job
 * that dies fails the whole: what it printed is told, with the seed that it was at, when the others
 * have ended.
 */
export async function inJobs(asked: Arguments, program: readonly string[]): Promise<number> {
  const { jobs, seeds, from } = asked;
  const each = Math.ceil(seeds / jobs);
  const run = (job: number, share: Share) =>
    ended(new Job([...program, ...wordsOf({ ...asked, ...share, job })], share));
  const kept = await run(0, { from, seeds: 0 });
  const fresh = Array.from({ length: jobs }, (_, index) => {
    const first = index * each;
    const share = { from: from + first, seeds: Math.max(0, Math.min(each, seeds - first)) };
    return run(index + 1, share);
  });
  const tally = sumOf([kept, ...(await Promise.all(fresh))]);
  console.log(closingLine(tally));
  return tally.failed === 0 ? 0 : 1;
}

function wordsOf({ seeds, from, minutes, topology, workload, job }: Arguments): string[] {
  const words = ["--seeds", String(seeds), "--from", String(from), "--job", String(job)];
  return [...words, "--minutes", String(minutes), "--topology", topology, "--workload", workload];
}

/** Waits for a job, prints what it printed, and counts its death as a run that failed. */
async function ended(job: Job): Promise<Tally> {
  const { tally, lines, death } = await job.end();
  if (tally === undefined) console.log(death);
  if (lines.length > 0) console.log(lines.join("\n"));
  return tally ?? { passed: 0, failed: 1, restSeconds: 0 };
}

/** A process that runs some of the seeds. */
class Job {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #share: Share;

  constructor(command: readonly string[], share: Share) {
    this.#share = share;
    this.#child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  }

  /** What it found and printed, when it has ended; without a tally it has died. */
  async end() {
    const child = this.#child;
    const output = [child.stdout, child.stderr].map((one) => new Response(one).text());
    const [told = "", failed = ""] = await Promise.all(output);
    await child.exited;
    const lines = told.trimEnd().split("\n");
    const tally = tallyIn(lines.at(-1) ?? "");
    const at = lines.findLast((line) => begun.test(line))?.match(begun)?.[1];
    const printed = tally === undefined ? lines : lines.slice(0, -1);
    const shown = [...printed.filter((line) => !begun.test(line)), ...failed.trimEnd().split("\n")];
    return { tally, lines: shown.filter((line) => line !== ""), death: this.#death(at) };
  }

  #death(at: string | undefined): string {
    const { from, seeds } = this.#share;
    const { signalCode, exitCode } = this.#child;
    const how = signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`;
    const where = at === undefined ? "before its first seed" : `at seed ${at}`;
    const last = Math.max(from, from + seeds - 1);
    return `The job of the seeds ${from} to ${last} ended ${how} ${where}. What it printed:`;
  }
}
