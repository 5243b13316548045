import type { Step } from "./trace.ts";

/** How much of a payload is shown, in characters. */
const DETAIL_MAX = 300;
/** Ids as Cleave makes them, such as those of orders. */
const id = /\b[a-z]{2,8}_[0-9a-f]{8}-[0-9a-f-]{10,}\b/g;
/** What concerns everybody. */
const forAll = /^(gone|paused|down|up|ready|another topology|stream|new stream|told to stop)/;

/** The ids that sentences name. */
export function idsIn(sentences: readonly string[]): string[] {
  return [...new Set(sentences.flatMap((one) => one.match(id) ?? []))];
}

/**
 * What happened to something, by virtual time and across all processes: every step that names it,
 * and what befell processes and broker meanwhile.
 */
export function storyOf(about: string, steps: readonly Step[]): string[] {
  const own = steps.filter((one) => one.detail.includes(about));
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return [];
  return steps
    .filter(
      (one) =>
        one.detail.includes(about) ||
        (one.atMs >= first.atMs && one.atMs <= last.atMs && forAll.test(one.what)),
    )
    .map(lineOf);
}

/** One step as a line. */
export function lineOf({ atMs, where, what, detail }: Step): string {
  const shown = detail.length > DETAIL_MAX ? `${detail.slice(0, DETAIL_MAX)}…` : detail;
  return `${timeOf(atMs)}  ${where.padEnd(14)}  ${what}  ${shown}`.trimEnd();
}

/** Virtual time as minutes, seconds and milliseconds: `03:07.250`. */
function timeOf(ms: number): string {
  const minutes = String(Math.floor(ms / 60_000)).padStart(2, "0");
  const seconds = (Math.floor(ms % 60_000) / 1_000).toFixed(3).padStart(6, "0");
  return `${minutes}:${seconds}`;
}
