import { supervised } from "../host/child-protocol.ts";
import { eachLines } from "../host/merged-log.ts";
import type { Arguments } from "./arguments.ts";
import { seedIn, tellEnd, tellProgress } from "./progress.ts";
import { type Share, sharesOf } from "./shares.ts";
import { nothing, sumOf, type Tally, tallyIn } from "./tally.ts";

const STOPPING = "It ends when the runs under way have; ask again, and it ends at once.";
/**
 * Has Bun's allocator keep what is freed: each run takes again what the one before gave back, and
 * to go by way of the system took a twentieth of the time.
 */
const KEEPING = { MIMALLOC_PURGE_DELAY: "-1" };

/** What jobs are processes of, and what ends them all: after the runs under way, or at once. */
interface Jobs {
  /** The command that the arguments follow. */
  readonly program: readonly string[];
  readonly stopped: AbortSignal;
  readonly killed: AbortSignal;
}

/**
 * Shares the seeds among processes, each with a core of its own, and adds up what they found.
 *
 * This process only waits for them, so that it can be stopped whatever they do. Where there are
 * several, a job of their own runs the kept seeds first, so that none sees what the others then
 * keep. What a job finds is told when it goes on to its next seed. A job that dies fails the whole,
 * and is told with the seed that it was at.
 */
export async function inJobs(asked: Arguments, { program, ...stop }: Jobs): Promise<number> {
  let runs = 0;
  const begins = () => tellProgress(runs++);
  const run = async (job: number, share: Share) => {
    const command = [...program, ...wordsOf({ ...asked, ...share, job })];
    return await new Job(command, { share, begins, ...stop }).end();
  };
  const isStopped = () => stop.stopped.aborted;
  stop.stopped.addEventListener("abort", () => console.log(STOPPING));
  const [first, ...others] = sharesOf(asked);
  if (first === undefined || others.length === 0) {
    const { from, seeds } = asked;
    return tellEnd(await run(0, { from, seeds }), { isStopped: isStopped() });
  }
  const kept = await run(0, { from: asked.from, seeds: 0 });
  const shares = isStopped() ? [] : [first, ...others];
  const fresh = await Promise.all(shares.map((share, index) => run(index + 1, share)));
  return tellEnd(sumOf([kept, ...fresh]), { isStopped: isStopped() });
}

function wordsOf({ seeds, from, minutes, topology, workload, job }: Arguments): string[] {
  const words = ["--seeds", String(seeds), "--from", String(from), "--job", String(job)];
  return [...words, "--minutes", String(minutes), "--topology", topology, "--workload", workload];
}

interface JobOptions extends Omit<Jobs, "program"> {
  readonly share: Share;
  /** Hears of each run that begins. */
  readonly begins: () => void;
}

/** A process that runs some of the seeds, and ends when this process does. */
class Job {
  readonly #options: JobOptions;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  #seed: string | undefined;
  /** What it has printed about the seed that it is at. */
  #lines: string[] = [];

  constructor(command: readonly string[], options: JobOptions) {
    this.#options = options;
    const pipes = { stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
    const env = { ...KEEPING, ...process.env, ...supervised };
    this.#child = Bun.spawn([...command], { ...pipes, env });
    options.stopped.addEventListener("abort", () => this.#child.kill("SIGTERM"));
    options.killed.addEventListener("abort", () => this.#child.kill("SIGKILL"));
  }

  /** Tells what it prints, and counts its death as a run that failed. */
  async end(): Promise<Tally> {
    const child = this.#child;
    const [, errors] = await Promise.all([
      eachLines(child.stdout, async (lines) => this.#take(lines)),
      new Response(child.stderr).text(),
    ]);
    await child.exited;
    const tally = tallyIn(this.#lines.at(-1) ?? "");
    if (tally !== undefined) this.#lines.pop();
    // Who is stopped before it could begin has nothing to tell.
    else if (this.#isUnbegun()) return nothing;
    else console.log(this.#death());
    this.#lines.push(...errors.trimEnd().split("\n"));
    this.#tell();
    return tally ?? { ...nothing, failed: 1 };
  }

  #take(lines: readonly string[]): void {
    for (const line of lines) {
      const seed = seedIn(line);
      if (seed === undefined) {
        this.#lines.push(line);
        continue;
      }
      // What two jobs tell at the same time is told one after the other.
      this.#tell();
      this.#seed = seed;
      this.#options.begins();
    }
  }

  #isUnbegun(): boolean {
    return this.#options.stopped.aborted && this.#seed === undefined;
  }

  #tell(): void {
    const lines = this.#lines.splice(0).filter((line) => line !== "");
    if (lines.length > 0) console.log(lines.join("\n"));
  }

  #death(): string {
    const { from, seeds } = this.#options.share;
    const { signalCode, exitCode } = this.#child;
    const how = signalCode === null ? `with code ${exitCode}` : `by ${signalCode}`;
    const where = this.#seed === undefined ? "before its first seed" : `at seed ${this.#seed}`;
    const last = Math.max(from, from + seeds - 1);
    return `The job of the seeds ${from} to ${last} ended ${how} ${where}. What it printed:`;
  }
}
