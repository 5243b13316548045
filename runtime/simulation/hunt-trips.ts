import { plant } from "./plant.ts";
import { stepBugs } from "./planted/steps.ts";

// One in twelve meets the rarest of the planted bugs.
const SEEDS = Array.from({ length: 24 }, (_, index) => index + 1);

// Runs trips with the planted bug of this name, or with none, and prints what was found.
const [name] = process.argv.slice(2);
const bug = stepBugs.find((one) => one.name === name);
if (bug !== undefined) plant(bug);
const { trips } = await import("./trips.ts");
const { simulate } = await import("./simulate.ts");
const faults = { ...trips.faults, ...bug?.faults };
const violations: string[] = [];
const signal = new AbortController();
await simulate({
  ...trips,
  ...{ faults, seeds: SEEDS, minutes: 3, signal: signal.signal },
  ran(outcome) {
    violations.push(...outcome.violations);
    if (violations.length > 0) signal.abort();
  },
});
process.stdout.write(JSON.stringify(violations));
