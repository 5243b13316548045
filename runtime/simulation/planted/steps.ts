import type { PlantedBug } from "../plant.ts";

const faults = { kill: 0.01, "kill-any": 0.01, "reply-lost": 0.05 };

/** Bugs in what a step finds again when it is repeated. They are looked for with trips. */
export const stepBugs: readonly PlantedBug[] = [
  {
    name: "a command is sent before the clock that it holds is on disk",
    why: "A repetition reads another time, and refuses its own key.",
    file: "runtime/saga/step-run.ts",
    find: "const mustRecord = this.#clockMs !== undefined ||",
    replace: "const mustRecord =",
    says: /is stuck|each trip was completed/,
    faults,
  },
  {
    name: "a step that waited sends what it sent before with another time",
    why: "The first input of a command is the one that counts.",
    file: "runtime/saga/step-run.ts",
    find: "return known.input;",
    replace: "return input;",
    says: /is stuck|each trip was completed/,
    faults,
  },
  {
    name: "a step has other ids when it is repeated",
    why: "A command is sent again with another id under the same key.",
    file: "runtime/saga/step-run.ts",
    find: "return idFrom(text, { prefix, atMs: startedAtMs });",
    replace: "return this.#host.environment.newId(prefix) + text.slice(0, 0 * startedAtMs);",
    says: /is stuck|each trip was completed/,
    faults,
  },
  {
    name: "the names that a step gives to its calls are left out of their keys",
    why: "Calls that race for their order come again under one another's keys.",
    file: "runtime/saga/step-run.ts",
    find: "name === undefined || !record.hasNamedKeys ? position : JSON.stringify(name)",
    replace: "position",
    says: /is stuck|each trip was completed/,
    faults,
  },
  {
    name: "the next step runs before a time that was read is on disk",
    why: "The step is repeated with another time, and the next one sends that under its old key.",
    file: "runtime/saga/driver.ts",
    find: "if (!driver.isResting && isRepeatable)",
    replace: "if (!driver.isResting)",
    says: /is stuck|each trip was completed/,
    faults,
  },
];
