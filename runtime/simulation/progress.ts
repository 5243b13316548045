import { closingLine, type Tally } from "./tally.ts";

const EVERY = 200;
/** The exit code of what a signal has stopped. */
const STOPPED = 130;

/** How the line looks with which a job tells the seed that it begins with. */
const begun = /^begins with seed (\d+)$/;

/** Has whoever started this job know the seed that it is at. */
export function tellSeed(seed: number): void {
  console.log(`begins with seed ${seed}`);
}

/** The seed that such a line tells; undefined when it is another one. */
export function seedIn(line: string): string | undefined {
  return begun.exec(line)?.[1];
}

/** Says now and then how far many runs are. */
export function tellProgress(runs: number): void {
  if (runs > 0 && runs % EVERY === 0) console.log(`${runs} runs so far.`);
}

/** Says how all went, and returns the exit code. */
export function tellEnd(tally: Tally, { isStopped }: { readonly isStopped: boolean }): number {
  if (isStopped) console.log("Stopped by a signal; what has been run is told above.");
  console.log(closingLine(tally));
  if (isStopped) return STOPPED;
  return tally.failed === 0 ? 0 : 1;
}
