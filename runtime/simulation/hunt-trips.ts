import { plant } from "./plant.ts";
import { stepBugs } from "./planted/steps.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

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
