import type { Step } from "./trace.ts";

/** How much of a payload is shown, in characters. */
const DETAIL_MAX = 300;
/** Of how many ids a story is told, at most. */
const IDS_MAX = 3;
/** Lines of a story that are told of a failure, at most. */
const LINES_MAX = 100;
/** Of the last steps of a run so many are shown. */
const LAST_MAX = 40;
/** Ids as Cleave makes them, such as those of orders, and those that a workload numbers itself. */
const id = /\b[a-z]{2,8}_(?:[0-9a-f]{8}-[0-9a-f-]{10,}|\d+\w*)\b/g;
/** The names of clients, whose story is what they have asked and heard. */
const client = /\bclient-\d+\b/g;
/** What concerns everybody. */
const forAll =
  /^(gone|paused|down|up|ready|another topology|the machine|stream|new stream|told to stop)/;
/** What happens all the time, and tells a reader nothing. */
const idle = /^(timer|turn|wait|second|request|answer|arrival|(hb|pos)\.\S+)$/;
/** What processes log. */
const said = /^(warning|error)$/;

/** The ids that sentences name, or other names. */
export function idsIn(sentences: readonly string[], names = id): string[] {
  return [...new Set(sentences.flatMap((one) => one.match(names) ?? []))];
}

/** What kind of thing did not hold, by a sentence about it: what it says before a colon. */
export function kindOf(sentence: string): string {
  const [kind = ""] = sentence.split(": ");
  return kind.replace(id, "").replace(/\d+/g, "");
}

/**
 * What happened to something, by virtual time and across all processes: every step that names it,
 * or what the client of that name has asked and heard, and what befell processes and broker then.
 */
export function storyOf(about: string, steps: readonly Step[]): string[] {
  const isClient = idsIn([about], client).includes(about);
  const isOwn = ({ where, detail }: Step) => (isClient ? where === about : detail.includes(about));
  const own = steps.filter(isOwn);
  const [first, last] = [own[0], own.at(-1)];
  if (first === undefined || last === undefined) return [];
  return steps
    .filter(
      (one) =>
        isOwn(one) || (one.atMs >= first.atMs && one.atMs <= last.atMs && forAll.test(one.what)),
    )
    .map(lineOf);
}

/**
 * What happened to what sentences name; when they name nothing, what befell processes and broker,
 * and what was said of it.
 */
export function storyBehind(sentences: readonly string[], steps: readonly Step[]): string[] {
  const names = [client, id].flatMap((kind) => idsIn(sentences, kind).slice(0, IDS_MAX));
  const stories = names.flatMap((one) => {
    const lines = storyOf(one, steps);
    return lines.length === 0 ? [] : [`What happened to ${one}:`, ...lines];
  });
  if (stories.length > 0) return stories;
  const told = steps.filter(({ what }) => forAll.test(what) || said.test(what)).map(lineOf);
  return told.length === 0 ? [] : ["What happened to all:", ...told];
}

/** The beginning and the end of a long story; `--story` tells all of it. */
export function shortened(story: readonly string[]): readonly string[] {
  if (story.length <= LINES_MAX) return story;
  const half = LINES_MAX / 2;
  const left = `… ${story.length - LINES_MAX} lines more …`;
  return [...story.slice(0, half), left, ...story.slice(-half)];
}

/** What happened last, but for what tells a reader nothing. */
export function lastOf(steps: readonly Step[]): string[] {
  const telling = steps.filter(
    ({ what, detail }) => !idle.test(what) && !(what === "gone" && detail === "the world ends"),
  );
  return telling.slice(-LAST_MAX).map(lineOf);
}

/** One step as a line. */
function lineOf({ atMs, where, what, detail }: Step): string {
  const shown = detail.length > DETAIL_MAX ? `${detail.slice(0, DETAIL_MAX)}…` : detail;
  return `${timeOf(atMs)}  ${where.padEnd(14)}  ${what}  ${shown}`.trimEnd();
}

/** Virtual time as minutes, seconds and milliseconds: `03:07.250`. */
export function timeOf(ms: number): string {
  const minutes = String(Math.floor(ms / 60_000)).padStart(2, "0");
  const seconds = (Math.floor(ms % 60_000) / 1_000).toFixed(3).padStart(6, "0");
  return `${minutes}:${seconds}`;
}
