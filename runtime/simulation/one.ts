import { turns } from "../testing/stillness.ts";
import type { Arguments } from "./arguments.ts";
import { Escaped } from "./escaped.ts";
import { nameOf } from "./faults.ts";
import { prepared } from "./prepared.ts";
import { type Outcome, runSeed } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { lastOf, storyBehind, storyOf, timeOf } from "./story.ts";

/** What was asked of one run. */
type Asked = Omit<Arguments, "seed"> & { readonly seed: number };

/**
 * Runs one seed and prints what was asked of it; returns the exit code, which is 1 too when what
 * was asked for is not in the run.
 */
export async function runOne(scenario: Scenario, asked: Asked): Promise<number> {
  const ran = await outcomeOf(scenario, asked);
  const { violations, steps } = ran;
  const missing = missingIn(ran, asked);
  const lines = [
    ...storyIn(ran, asked.story),
    ...(asked.untilMs === undefined ? [] : lastOf(steps)),
    closingLine(ran, asked),
    ...violations.map((one) => `  ${one}`),
    ...missing,
  ];
  console.log(lines.join("\n"));
  return violations.length + missing.length === 0 ? 0 : 1;
}

async function outcomeOf(scenario: Scenario, asked: Asked): Promise<Outcome> {
  const { seed, minutes, only, untilMs, breakAt } = asked;
  const kept = { keepsSteps: true, untilMs, breakAt };
  const about = { seed, minutes, only, images: prepared(scenario), ...kept };
  using escaped = new Escaped();
  const outcome = runSeed(scenario, about);
  await turns(1);
  return { ...outcome, violations: [...outcome.violations, ...escaped.taken()] };
}

/** The story that was asked for, or else that of what failed. */
function storyIn({ violations, steps }: Outcome, story: string | undefined): readonly string[] {
  if (story === undefined) return violations.length === 0 ? [] : storyBehind(violations, steps);
  const lines = storyOf(story, steps);
  return lines.length === 0 ? [] : [`What happened to ${story}:`, ...lines];
}

function closingLine(ran: Outcome, { seed, untilMs = 0 }: Asked): string {
  const { violations, steps, faults, digest, isJudged } = ran;
  const figures = `${steps.length} steps, faults: ${faults.length}, digest ${digest}`;
  if (violations.length > 0) return `Seed ${seed} failed: ${figures}`;
  if (isJudged) return `Seed ${seed} passed: ${figures}`;
  return `Seed ${seed} was ended at ${timeOf(untilMs)}, before it was judged: ${figures}`;
}

/** What was asked for and is not in the run, a sentence each. */
function missingIn(ran: Outcome, { only, story, untilMs = 0, breakAt }: Asked): string[] {
  const { steps, faults, isJudged } = ran;
  const until = isJudged ? undefined : `until ${timeOf(untilMs)}`;
  const missing: string[] = [];
  if (story !== undefined && storyOf(story, steps).length === 0) {
    missing.push(nothingHappened(story, until));
  }
  if (
    breakAt !== undefined &&
    !steps.some((one) => `${one.what} ${one.detail}`.includes(breakAt))
  ) {
    const which = until === undefined ? "No step" : `No step ${until}`;
    missing.push(`${which} has the text "${breakAt}", so the debugger has not stopped.`);
  }
  for (const one of only?.difference(new Set(faults.map(nameOf))) ?? []) {
    missing.push(`The fault "${one}" does not happen ${until ?? "in it"}.`);
  }
  return missing;
}

function nothingHappened(story: string, until: string | undefined): string {
  if (until !== undefined) {
    return `Nothing happened to ${story} ${until}. Give a later --until, or leave it out.`;
  }
  return (
    `Nothing happened to ${story} in this run. A failure's ids are those of the run that was ` +
    "printed with it: give each --only of it as well."
  );
}
